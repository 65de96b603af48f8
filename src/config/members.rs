//! The names of a provider record's members, as the record itself knows them.

use crate::model::provider::{Endpoints, ExtraParameters, Provider, RefreshBy, UserinfoRequest};
use crate::model::redirect::RedirectRule;
use crate::model::setup::{ApiKeys, Setup};
use serde::de::value::Error;
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;

/// Members that are not the person's to write: the table names the record, metadata is read at a sign-in.
const NOT_WRITTEN: [&str; 2] = ["name", "metadata"];

/// The members that the table `at` within a record may have; `None`: any, or it is no table of a known shape.
pub fn of_record(at: &[&str]) -> Option<Vec<String>> {
    let names = match at {
        [] => fields::<Provider>(),
        ["endpoints"] => fields::<Endpoints>(),
        ["userinfo_request"] => fields::<UserinfoRequest>(),
        ["extra"] => fields::<ExtraParameters>(),
        ["refresh_by"] => fields::<RefreshBy>(),
        ["redirect"] => fields::<RedirectRule>(),
        ["setup"] => fields::<Setup>(),
        ["api_key"] => fields::<ApiKeys>(),
        _ => return None,
    };
    let names = names.iter().filter(|name| !NOT_WRITTEN.contains(name));
    Some(names.map(|name| (*name).to_owned()).collect())
}

fn fields<T: for<'de> Deserialize<'de>>() -> &'static [&'static str] {
    let mut names: &'static [&'static str] = &[];
    // It reads nothing: it asks only which fields are looked for, and then ends with an error.
    let _ = T::deserialize(Asking(&mut names));
    names
}

struct Asking<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Asking<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("there is nothing to read"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_that_are_seldom_written_are_known_too() {
        let names = of_record(&[]).unwrap();
        for name in ["issuer", "offline_scope", "api_key", "category", "git_user"] {
            assert!(names.iter().any(|known| known == name), "{name}");
        }
        assert!(!names.iter().any(|known| known == "metadata"));
        assert!(
            of_record(&["endpoints"])
                .unwrap()
                .contains(&"jwks".to_owned())
        );
        assert_eq!(of_record(&["parameters"]), None);
    }
}
