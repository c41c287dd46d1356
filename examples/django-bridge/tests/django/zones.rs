//! `TIME_ZONE` in `DATABASES`: the column's moments are in a zone of their own.

use std::time::Duration;

use serde_json::{Value, json};
use session_core::django::Zone;
use session_core::time::OffsetDateTime;
use session_core::{Expiry, Session};
use session_store::DjangoOptions;

use crate::rust::Rust;
use crate::scene::Scene;

/// Hours off UTC, so that a moment in the wrong zone is too; and no hour comes twice there.
const NAME: &str = "Asia/Tokyo";

pub async fn a_column_in_a_zone_of_its_own_has_the_same_moments(scene: &Scene) {
    let scene = scene.apart().with("DATABASE_TIME_ZONE", NAME);
    let mut oracle = scene.oracle();
    let zone = Zone::local(NAME).unwrap();
    let rust = Rust::open_as(&scene, DjangoOptions::new().database_zone(zone)).await;
    let members = json!({ "a": "1" });
    for seconds in [60, 300, 1_209_600] {
        // By Django, and as Rust sees it.
        let key = oracle
            .ask("write", json!({ "key": null, "members": members }))
            .unwrap();
        let expire = json!({ "key": key, "kind": "seconds", "value": seconds });
        let made = oracle.ask("expire", expire).unwrap();
        let end = |session: &Session| session.expires_at().unwrap();
        let (seen, _) = rust.request(key.as_str(), end).await;
        assert_eq!(micros(seen), made["row"]["ends"], "{seconds}");

        // By Rust, and as Django sees it.
        let write = |session: &Session| {
            session.insert("b", 1).unwrap();
            session
                .set_expiry(Expiry::After(Duration::from_secs(seconds)))
                .unwrap();
        };
        let ((), key) = rust.request(None, write).await;
        let end = |session: &Session| session.expires_at().unwrap();
        let (own, _) = rust.request(key.as_deref(), end).await;
        let read = oracle.ask("read", json!({ "key": key })).unwrap();
        assert_eq!(
            (&read["key"], &read["row"]["ends"]),
            (&json!(key), &micros(own)),
            "{seconds}"
        );
    }
    // Over, and not over, by an hour.
    for (seconds, is_over) in [(-3600, true), (3600, false)] {
        let key = oracle
            .ask("write", json!({ "key": null, "members": members }))
            .unwrap();
        let moved = json!({ "key": key, "seconds_from_now": seconds });
        assert_eq!(oracle.ask("set_row_end", moved).unwrap(), 1);
        let seen = rust.request(key.as_str(), Session::exists).await.0;
        assert_eq!(seen, !is_over, "{seconds}");
        let store = rust.sessions().store();
        while store
            .sweep(OffsetDateTime::now_utc().into(), 100)
            .await
            .unwrap()
            > 0
        {}
        let row = oracle.ask("row", json!({ "key": key })).unwrap();
        assert_eq!(row.is_null(), is_over, "{seconds}");
    }
    rust.close().await;
}

fn micros(moment: OffsetDateTime) -> Value {
    json!(session_core::to_micros(moment))
}
