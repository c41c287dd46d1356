//! Rows of Django's table, before and after a request to it.

use serde_json::Value;
use session_core::django::{SessionExpiry, Signer, TokenError, Zone};
use session_core::time::{Duration, OffsetDateTime};

use super::vectors;

#[test]
fn every_row_of_djangos_table_is_read_as_it_was_meant() {
    let all = vectors::second();
    let rows = all["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 13);
    let mut written = 0;
    for case in rows {
        let signer = Signer::sessions(&vectors::keys(&all, case));
        let now = OffsetDateTime::from_unix_timestamp(case["time"].as_i64().unwrap()).unwrap();
        for row in case["written"].as_object().unwrap().values() {
            let opened = signer.open(row["session_data"].as_str().unwrap()).unwrap();
            assert_eq!(opened.json, row["json"].as_str().unwrap());
            assert_eq!(opened.signed_at(), now);
            // None of them has a lifetime of its own.
            let zone = Zone::use_tz();
            let end = SessionExpiry::Settings.expire_date(now, Duration::weeks(2), &zone);
            let column = row["expire_date"].as_str().unwrap();
            assert_eq!(zone.read_column(column), Some(zone.moment(end)));
            assert_eq!(zone.to_column(zone.moment(end)), column);
            written += 1;
        }
        for token in case["before"].as_object().unwrap().values() {
            let opened = signer.open(token.as_str().unwrap());
            if case["name"] == "rotation_05_fallback_removed" {
                assert_eq!(opened, Err(TokenError::Signature));
            } else {
                let json = opened.unwrap().json;
                assert!(serde_json::from_str::<Value>(&json).unwrap().is_object());
            }
        }
    }
    assert_eq!(written, 8);
}
