//! Names that the JSON library keeps for itself.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::util::World;
use crate::{Adjacent, External, Flat, Internal, Named, Untagged, Wrapped, is_kept};

/// A text of JSON by itself, or as an optional or a named one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
struct Text(Box<RawValue>);

#[test]
fn a_name_of_the_json_library_is_none_in_any_position_and_raw_text_stays_what_it_is() {
    for name in ["RawValue", "Number", "", "Other"] {
        let name = format!("$serde_json::private::{name}");
        let map = || BTreeMap::from([(name.clone(), "1".to_owned())]);
        everywhere!(
            map(),
            false,
            [
                |it| it,
                Some,
                |it| vec![it],
                |it| Named { it },
                Wrapped,
                |it| Internal::Struct { it },
                Adjacent::One,
                |it| Untagged::Struct { it },
                |it| Flat { first: 1, rest: it },
                |it| (1, "a\"b:".to_owned(), it),
                |it| BTreeMap::from([("\\\"".to_owned(), it)])
            ]
        );
        // As the value of a name, or as an enum's, it is a text.
        assert!(
            is_kept(&name) && is_kept(&vec![name.clone()]) && is_kept(&Named { it: name.clone() })
        );
        assert!(is_kept(&format!("{{\"{name}\":1}}")) && is_kept(&(name.clone(), ":".to_owned())));
        assert!(is_kept(&BTreeMap::from([
            (format!(" {name}"), 1),
            (name.to_uppercase(), 2)
        ])));

        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        let text = raw(&format!(r#"{{"{name}":"[1]"}}"#));
        // By itself it is read as the text that it is; inside of another value it is refused.
        everywhere!(
            text.clone(),
            true,
            [
                |it| it,
                Text,
                Wrapped,
                Some,
                |it| Some(Some(it)),
                |it| Wrapped(Some(Text(it)))
            ]
        );
        everywhere!(
            text.clone(),
            false,
            [
                |it| vec![it],
                |it| Named { it },
                |it| (it, 1),
                External::One
            ]
        );
        // A text that nobody but a reader of all of it could see through.
        let behind = raw(&format!(r#"[{{"\ud800":1}},{{"{name}":"[1]"}}]"#));
        let session = World::new(|policy| policy).open("");
        session.insert("k", &behind).unwrap();
        assert!(session.get::<(IgnoredAny, Value)>("k").is_err());
        assert!(session.get::<Value>("k").is_err());
        assert_eq!(
            session.get::<Box<RawValue>>("k").unwrap().unwrap().get(),
            behind.get()
        );
    }
}
