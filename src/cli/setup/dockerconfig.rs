//! docker's config.json with other `credHelpers`: changed between its words, and proven to be else the same.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstRootNode};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

const HELPERS: &str = "credHelpers";

/// Why it is left alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is no JSON object, or its `credHelpers` are none.
    #[error("it is not what docker writes")]
    Unreadable,
    /// Another helper answers for that registry.
    #[error("{host} is answered by docker-credential-{helper}")]
    Theirs {
        /// The registry.
        host: String,
        /// Who answers.
        helper: String,
    },
}

/// Who answers for which registry.
pub fn helpers(text: Option<&str>) -> Result<BTreeMap<String, String>, Unfit> {
    let object = object(text.unwrap_or("{}"))?;
    let Some(listed) = object.get(HELPERS) else {
        return Ok(BTreeMap::new());
    };
    let listed = listed.as_object().ok_or(Unfit::Unreadable)?;
    let named =
        |(host, helper): (&String, &Value)| Some((host.clone(), helper.as_str()?.to_owned()));
    let known: Option<BTreeMap<_, _>> = listed.iter().map(named).collect();
    known.ok_or(Unfit::Unreadable)
}

/// The text in which this helper answers for these registries; `None`: it does already.
pub fn with(text: Option<&str>, hosts: &[String], helper: &str) -> Result<Option<String>, Unfit> {
    let known = helpers(text)?;
    let theirs = hosts
        .iter()
        .find_map(|host| Some((host, known.get(host)?)).filter(|(_, it)| *it != helper));
    if let Some((host, helper)) = theirs {
        let (host, helper) = (host.clone(), helper.clone());
        return Err(Unfit::Theirs { host, helper });
    }
    let missing: Vec<&String> = hosts
        .iter()
        .filter(|host| !known.contains_key(*host))
        .collect();
    if missing.is_empty() {
        return Ok(None);
    }
    let old = text
        .filter(|text| !text.trim().is_empty())
        .unwrap_or("{}\n");
    let root = root(old)?;
    let table = root
        .object_value()
        .and_then(|object| object.object_value_or_create(HELPERS));
    let table = table.ok_or(Unfit::Unreadable)?;
    let mut wanted = object(old)?;
    let listed = wanted
        .entry(HELPERS)
        .or_insert_with(|| Value::Object(Map::new()));
    for host in missing {
        table.append(host, CstInputValue::String(helper.to_owned()));
        if let Some(listed) = listed.as_object_mut() {
            listed.insert(host.clone(), Value::String(helper.to_owned()));
        }
    }
    proven(root.to_string(), &wanted).map(Some)
}

/// The text in which none of these registries is answered by one of ours; `None`: none is.
pub fn without(text: &str, is_meant: impl Fn(&str, &str) -> bool) -> Result<Option<String>, Unfit> {
    let known = helpers(Some(text))?;
    let ours = known.iter().filter(|(host, helper)| is_meant(host, helper));
    let ours: Vec<&String> = ours.map(|(host, _)| host).collect();
    if ours.is_empty() {
        return Ok(None);
    }
    let root = root(text)?;
    let object_of = root.object_value().ok_or(Unfit::Unreadable)?;
    let table = object_of.object_value(HELPERS).ok_or(Unfit::Unreadable)?;
    let mut wanted = object(text)?;
    let is_all = ours.len() == known.len();
    for host in &ours {
        if let Some(property) = table.get(host) {
            property.remove();
        }
        if let Some(listed) = wanted.get_mut(HELPERS).and_then(Value::as_object_mut) {
            listed.remove(*host);
        }
    }
    if is_all {
        wanted.remove(HELPERS);
        if let Some(property) = object_of.get(HELPERS) {
            property.remove();
        }
    }
    proven(root.to_string(), &wanted).map(Some)
}

fn root(text: &str) -> Result<CstRootNode, Unfit> {
    CstRootNode::parse(text, &ParseOptions::default()).map_err(|_| Unfit::Unreadable)
}

fn object(text: &str) -> Result<Map<String, Value>, Unfit> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    serde_json::from_str(text).map_err(|_| Unfit::Unreadable)
}

fn proven(text: String, wanted: &Map<String, Value>) -> Result<String, Unfit> {
    match object(&text)? == *wanted {
        true => Ok(text),
        false => Err(Unfit::Unreadable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCKERS: &str =
        "{\n\t\"auths\": {\n\t\t\"r.example\": {}\n\t},\n\t\"credsStore\": \"pass\"\n}";

    fn hosts(names: &[&str]) -> Vec<String> {
        names.iter().map(|it| (*it).to_owned()).collect()
    }

    #[test]
    fn a_file_is_as_it_was_when_the_lines_are_gone() {
        let with_others = DOCKERS.replace(
            "\"credsStore\"",
            "\"credHelpers\": {\n\t\t\"gcr.io\": \"gcloud\"\n\t},\n\t\"credsStore\"",
        );
        for old in [DOCKERS, &with_others, &format!("{DOCKERS}\n"), "{\"a\":1}"] {
            let new = with(
                Some(old),
                &hosts(&["ghcr.io", "r.example:5000"]),
                "tokenward",
            );
            let new = new.unwrap().unwrap();
            assert_eq!(helpers(Some(&new)).unwrap()["ghcr.io"], "tokenward");
            assert_eq!(
                with(Some(&new), &hosts(&["ghcr.io"]), "tokenward"),
                Ok(None)
            );
            let rest = without(&new, |_, helper| helper == "tokenward")
                .unwrap()
                .unwrap();
            assert_eq!(object(&rest).unwrap(), object(old).unwrap());
            if old.contains('\n') {
                assert_eq!(rest, old);
            }
        }
        let made = with(None, &hosts(&["ghcr.io"]), "tokenward")
            .unwrap()
            .unwrap();
        assert_eq!(
            made,
            "{\n  \"credHelpers\": {\n    \"ghcr.io\": \"tokenward\"\n  }\n}\n"
        );
    }

    #[test]
    fn what_is_no_settings_of_docker_or_answered_by_another_is_left_alone() {
        let one = hosts(&["gcr.io"]);
        for wrong in [
            "[]",
            "{",
            "{// mine\n}",
            "{\"credHelpers\": []}",
            "{\"credHelpers\": {\"gcr.io\": 1}}",
        ] {
            assert_eq!(
                with(Some(wrong), &one, "tokenward"),
                Err(Unfit::Unreadable),
                "{wrong}"
            );
        }
        let theirs = "{\"credHelpers\": {\"gcr.io\": \"gcloud\"}}";
        assert!(matches!(
            with(Some(theirs), &one, "tokenward"),
            Err(Unfit::Theirs { .. })
        ));
        assert_eq!(without(theirs, |_, helper| helper == "tokenward"), Ok(None));
    }
}
