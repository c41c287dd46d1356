//! Random sessions: what one side writes, the other reads without a difference.
//!
//! `SESSIONS` of them over all places, 1,000 unless it is set; `SEED` repeats a run.

use std::collections::BTreeMap;
use std::env;
use std::time::Duration;

use serde_json::{Value, json};
use session_core::time::OffsetDateTime;
use session_core::{Expiry, Session, from_micros};
use session_servers::DjangoOracle;

use crate::draw::Draw;
use crate::form::{form, is_held, quote};
use crate::rust::Rust;
use crate::scene::{Scene, TimeZone};

/// How Django writes moments, and in which zone.
const ZONES: [TimeZone; 4] = [
    TimeZone::Used,
    TimeZone::Naive("UTC"),
    TimeZone::Naive("Europe/Berlin"),
    TimeZone::Naive("America/St_Johns"),
];

pub async fn random_sessions_are_the_same_on_both_sides(scene: &Scene) {
    let seed = seed();
    let count = sessions().div_ceil(scene.places * ZONES.len());
    let mut held = 0;
    let apart = scene.apart();
    for (number, zone) in ZONES.into_iter().enumerate() {
        let scene = apart.in_zone(zone);
        let (mut oracle, rust) = (scene.oracle(), Rust::open(&scene).await);
        let first = seed.wrapping_add((number * count) as u64) % (1 << 48);
        let seeds: Vec<u64> = (first..).take(count).collect();
        let question = json!({ "seeds": seeds, "user": "ada" });
        let made = oracle.ask("generate_many", question).unwrap();
        for (made, seed) in made.as_array().unwrap().iter().zip(seeds) {
            let told = format!("{zone:?}, SEED={seed}");
            held += rust_reads_what_django_wrote(&rust, &mut oracle, made, &told).await;
            django_reads_all_but_the_one_value_that_rust_changed(
                &rust,
                &mut oracle,
                made,
                seed,
                &told,
            )
            .await;
            django_reads_what_rust_wrote(&rust, &mut oracle, seed, &told).await;
        }
        rust.close().await;
    }
    // Most values have a counterpart in Rust, and were compared as such.
    assert!(held > count, "{held} values of {count} sessions a zone");
}

/// Returns the number of values that were compared as Rust's own.
async fn rust_reads_what_django_wrote(
    rust: &Rust,
    oracle: &mut DjangoOracle,
    made: &Value,
    told: &str,
) -> usize {
    let key = made["key"].as_str().unwrap();
    let seen = rust.request(Some(key), Seen::of).await.0;
    assert!(seen.exists, "{told}: {made}");
    let items: Vec<&Value> = values(made).collect();
    let names: Vec<String> = items
        .iter()
        .map(|item| item["name_json"].as_str().unwrap().into())
        .collect();
    let read: Vec<&String> = seen.values.iter().map(|(name, _)| name).collect();
    assert_eq!(read, names.iter().collect::<Vec<_>>(), "{told}");
    for (item, (name, text)) in items.iter().zip(&seen.values) {
        if item["json"] != **text {
            // The row has names twice, of which Python keeps the last.
            let normal = oracle.ask("normalise", json!({ "content": text })).unwrap();
            assert_eq!(item["json"], normal, "{told}: {name}");
        }
    }
    let mut held = 0;
    for (item, (_, text)) in items.iter().zip(&seen.values) {
        let Ok(theirs) = serde_json::from_str::<Value>(item["form"].as_str().unwrap()) else {
            // Deeper than serde_json reads.
            continue;
        };
        // With a name twice, also what Python drops has to be one of Rust's values.
        if is_held(&theirs) && item["name"].is_string() && item["json"] == **text {
            let name = item["name"].as_str().unwrap();
            let ours = seen.typed.get(name);
            let ours = ours.unwrap_or_else(|| panic!("{told}: {name:?} can't be read"));
            assert_eq!(form(ours), theirs, "{told}: {name:?}");
            held += 1;
        }
    }
    let owner = made["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["name"] == "_auth_user_id");
    let owner =
        owner.map(|item| serde_json::from_str::<String>(item["json"].as_str().unwrap()).unwrap());
    assert_eq!(seen.owner, owner, "{told}");
    assert_same_end(&seen, made, told);
    held
}

async fn django_reads_all_but_the_one_value_that_rust_changed(
    rust: &Rust,
    oracle: &mut DjangoOracle,
    made: &Value,
    seed: u64,
    told: &str,
) {
    let key = made["key"].as_str().unwrap();
    let mut draw = Draw::new(seed);
    let plain: Vec<&str> = values(made)
        .filter_map(|item| item["name"].as_str())
        .filter(|name| !name.starts_with("_auth_user") && !name.starts_with("$python"))
        .collect();
    let changed = if plain.is_empty() || draw.below(2) == 0 {
        "from rust".to_owned()
    } else {
        draw.one_of(&plain).to_owned()
    };
    let value = json!({ "changed": [seed, draw.value(0)] });
    let ((), new) = rust
        .request(Some(key), |session| {
            session.insert(&changed, value.clone()).unwrap();
        })
        .await;
    assert_eq!(new, None, "{told}: a change moved the session");
    let after = oracle.ask("read", json!({ "key": key })).unwrap();
    let mut expected: Vec<(String, String)> = Vec::new();
    let pair = |item: &Value| {
        (
            item["name_json"].as_str().unwrap().to_owned(),
            item["repr"].as_str().unwrap().to_owned(),
        )
    };
    expected.extend(made["items"].as_array().unwrap().iter().map(pair));
    let mut got: Vec<(String, String)> = after["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(pair)
        .collect();
    got.retain(|(name, _)| name != "\"_session\"");
    let quoted = quote(&changed);
    let at = got.iter().position(|(name, _)| *name == quoted);
    let at = at.unwrap_or_else(|| panic!("{told}: {changed:?} was not written"));
    match expected.iter().position(|(name, _)| *name == quoted) {
        Some(place) => expected[place].1.clone_from(&got[at].1),
        None => expected.push(got[at].clone()),
    }
    assert_eq!(got, expected, "{told}");
    let written = after["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["name"] == *changed)
        .unwrap();
    let written: Value = serde_json::from_str(written["form"].as_str().unwrap()).unwrap();
    assert_eq!(written, form(&value), "{told}");
    assert_eq!(after["browser_close"], made["browser_close"], "{told}");
}

async fn django_reads_what_rust_wrote(
    rust: &Rust,
    oracle: &mut DjangoOracle,
    seed: u64,
    told: &str,
) {
    let mut draw = Draw::new(!seed);
    let mut names = BTreeMap::from([("always".to_owned(), draw.value(0))]);
    for _ in 0..draw.below(6) {
        let name = draw.text();
        if !name.starts_with('_') {
            names.insert(name, draw.value(0));
        }
    }
    let expiry = match draw.below(5) {
        0 => Expiry::Policy,
        1 => Expiry::BrowserClose,
        2 => Expiry::After(Duration::from_secs(60 + draw.bits() % 10_000_000)),
        3 => Expiry::At(moment(seed % 1_000_000)),
        _ => Expiry::At(moment(0)),
    };
    let write = |session: &Session| {
        for (name, value) in &names {
            session.insert(name, value).unwrap();
        }
        session.set_expiry(expiry).unwrap();
    };
    let ((), new) = rust.request(None, write).await;
    let key = new.unwrap_or_else(|| panic!("{told}: no session began"));
    let read = oracle.ask("read", json!({ "key": key })).unwrap();
    let items: Vec<&Value> = values(&read).collect();
    assert_eq!(items.len(), names.len(), "{told}: {read}");
    for (item, (name, value)) in items.iter().zip(&names) {
        assert_eq!(item["name"], **name, "{told}");
        let theirs: Value = serde_json::from_str(item["form"].as_str().unwrap()).unwrap();
        assert_eq!(theirs, form(value), "{told}: {name:?}");
    }
    let again = rust.request(Some(&key), Seen::of).await.0;
    assert_same_end(&again, &read, told);
}

/// A session as Rust reads it.
#[derive(Debug)]
struct Seen {
    exists: bool,
    /// Names and values, as Python would write them.
    values: Vec<(String, String)>,
    typed: BTreeMap<String, Value>,
    owner: Option<String>,
    browser_close: bool,
    ends: Option<OffsetDateTime>,
}

impl Seen {
    fn of(session: &Session) -> Self {
        let texts = session.iter().map(|(name, text)| {
            let strict = format!("{{{}:{text}}}", quote(&name));
            let python = session_core::django::from_strict(&strict).into_owned();
            split(&python)
        });
        let typed = session.keys().into_iter().filter_map(|name| {
            let value = session.get(&name).ok()??;
            Some((name, value))
        });
        Self {
            exists: session.exists(),
            values: texts.collect(),
            typed: typed.collect(),
            owner: session.owner().map(|owner| owner.to_string()),
            browser_close: session.is_until_browser_close(),
            ends: session.expires_at(),
        }
    }
}

/// Splits an object of one member.
fn split(object: &str) -> (String, String) {
    let mut end = 2;
    while object.as_bytes()[end - 1] != b'"' || end == 2 {
        end += 1 + usize::from(object.as_bytes()[end - 1] == b'\\');
    }
    (
        object[1..end].to_owned(),
        object[end + 1..object.len() - 1].to_owned(),
    )
}

/// Lists the members that are values on both sides: of the others Rust makes fields.
fn values(read: &Value) -> impl Iterator<Item = &Value> {
    let items = read["items"].as_array().unwrap().iter();
    items.filter(|item| !FIELDS.iter().any(|field| item["name"] == *field))
}

const FIELDS: [&str; 3] = ["_auth_user_id", "_session_expiry", "_session"];

/// The token says in which second Django saved, so an end that counts from there is up to a second early.
fn assert_same_end(seen: &Seen, read: &Value, told: &str) {
    assert_eq!(read["browser_close"], seen.browser_close, "{told}");
    let theirs = from_micros(read["row"]["ends"].as_i64().unwrap()).unwrap();
    let theirs = OffsetDateTime::from(theirs);
    let ours = seen.ends.unwrap_or_else(|| panic!("{told}: no end"));
    let early = theirs - ours;
    assert!(
        early >= Duration::ZERO && early < Duration::from_secs(1),
        "{told}: {ours} is not {theirs}"
    );
}

/// An hour from now, at this microsecond.
fn moment(micros: u64) -> OffsetDateTime {
    let now = OffsetDateTime::now_utc() + Duration::from_secs(3600);
    now.replace_nanosecond(0).unwrap() + Duration::from_micros(micros)
}

fn sessions() -> usize {
    env::var("SESSIONS").map_or(1000, |count| count.parse().expect("SESSIONS is a number"))
}

fn seed() -> u64 {
    static DRAWN: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    *DRAWN.get_or_init(|| {
        let seed = env::var("SEED").map_or_else(
            |_| u64::from(OffsetDateTime::now_utc().nanosecond()),
            |seed| seed.parse().expect("SEED is a number"),
        );
        println!("random sessions: SEED={seed}");
        seed
    })
}
