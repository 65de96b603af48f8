//! Whatever can be said on the socket is said as the OpenAPI document tells: values of every kind, made at random.

use crate::agent_rig;
use crate::openapi_rig::{Document, Reply, faults, members};
use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};
use tokenward::agent::problem::Problem;
use tokenward::agent::response::refuse;
use tokenward::engine::api::{Event, Fate, FateOf, RevokeOutcome};
use tokenward::model::event::Entry;
use tokenward::model::health::HealthKind;
use tokenward::model::inquiry::Liveness;
use tokenward::model::kind::KINDS;

/// Fails where the document tells of that component otherwise.
struct Judge(jsonschema::Validator);

impl Judge {
    fn of(component: &str) -> Self {
        let name = format!("#/components/schemas/{component}");
        Self(Document::read().judge(&json!({ "$ref": name })))
    }

    fn holds(&self, value: &impl Serialize) -> Result<(), TestCaseError> {
        let value = serde_json::to_value(value).unwrap();
        let faults = faults(&self.0, &value, "");
        prop_assert!(faults.is_empty(), "{faults:#?}\n{value:#}");
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_value_is_as_the_document_tells(
        view in agent_rig::views(),
        activity in agent_rig::activities(),
        why in agent_rig::whys(),
        provider in agent_rig::provider_views(),
        client in agent_rig::client_views(),
        refusal in agent_rig::refusals(),
    ) {
        thread_local! {
            static JUDGES: Vec<Judge> = ["CredentialView", "Activity", "LogEntry", "Why", "ProviderView", "ClientView",
                "Refusal", "Problem", "FateOf", "Event"].into_iter().map(Judge::of).collect();
        }
        JUDGES.with(|judges| {
            let [views, activities, entries, whys, providers, clients, refusals, problems, fates, events] = &judges[..] else {
                panic!("as many names as judges");
            };
            views.holds(&view)?;
            activities.holds(&activity)?;
            entries.holds(&Entry { number: 7, activity: activity.clone() })?;
            whys.holds(&why)?;
            providers.holds(&provider)?;
            clients.holds(&client)?;
            problems.holds(&Problem::from(refusal.clone()))?;
            let outcome = RevokeOutcome::ByHand { page: None, proof: Liveness::Dead };
            let name = view.profile.name.clone();
            fates.holds(&FateOf::new(name.clone(), Ok(outcome)))?;
            fates.holds(&FateOf { item: Some(3), kept_as: Some(name.clone()), name, fate: Fate::of(Err(refusal.clone())) })?;
            refusals.holds(&refusal)?;
            events.holds(&Event::Changed { view: view.clone() })?;
            events.holds(&Event::Happened { activity: activity.clone() })?;
            for event in [Event::Unlocked, Event::Lagged, Event::Stopped] {
                events.holds(&event)?;
            }
            Ok::<_, TestCaseError>(())
        })?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_refusal_is_answered_as_the_document_tells(refusal in agent_rig::refusals()) {
        thread_local! {
            static DOCUMENT: Document = Document::read();
        }
        let problem = Problem::from(refusal);
        let response = refuse(&problem);
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        let reply = Reply {
            status: response.status().as_u16(),
            headers: headers.collect(),
            body: serde_json::to_string(&problem).unwrap(),
        };
        let at = ("GET", "/api/credentials/{provider}/{account}/token");
        let faults = DOCUMENT.with(|document| document.faults(at, &reply));
        prop_assert!(faults.is_empty(), "{faults:#?}\n{reply:?}");
    }
}

/// The words of a component that is one of some words.
fn words(document: &Document, component: &str) -> Vec<String> {
    let all = document.0["components"]["schemas"][component]["enum"].as_array();
    let all = all
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap().to_owned());
    all.collect()
}

#[test]
fn what_is_one_of_some_words_has_all_of_them() {
    let document = Document::read();
    let healths = HealthKind::ALL.map(|kind| {
        let word = serde_json::to_value(kind).unwrap();
        word.as_str().unwrap().to_owned()
    });
    assert_eq!(words(&document, "HealthKind"), healths);
    let happenings = &document.0["components"]["schemas"]["Happening"]["oneOf"];
    let kinds: Vec<_> = happenings.as_array().unwrap().iter().map(kind_of).collect();
    assert_eq!(kinds, KINDS);
    let (_, _, lines) = document
        .operations()
        .into_iter()
        .find(|(_, path, _)| path == "/api/audit")
        .unwrap();
    let parameters = lines["parameters"].as_array().unwrap().iter();
    let kind = parameters.clone().find(|it| it["name"] == "kind").unwrap();
    assert_eq!(kind["schema"]["anyOf"][0]["enum"], json!(KINDS.to_vec()));
}

fn kind_of(happening: &Value) -> &str {
    members(&happening["properties"])["event"]["const"]
        .as_str()
        .unwrap()
}
