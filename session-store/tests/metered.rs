//! A store that is measured: it is the store that it wraps, and each call is one of its command and outcome.
#![cfg(all(feature = "metrics", feature = "memory"))]
#![allow(clippy::unwrap_used)]

use std::pin::pin;

use futures_util::FutureExt;
use metrics_exporter_prometheus::PrometheusBuilder;
use pollster::block_on;
use session_core::{Command, Cursor, Only, Revision, Store, Whose};
use session_store::{MemoryStore, Metered};
use session_testkit::{FaultyStore, digest_of, key_of, moment_at, record_of};

#[test]
fn each_call_is_measured_by_command_and_outcome() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let faulty = FaultyStore::new(MemoryStore::new());
    metrics::with_local_recorder(&recorder, || {
        let store = Metered::new(faulty.clone());
        let (key, record, now) = (&key_of(1), &record_of(1), moment_at(0));
        let load = async || store.load(key, &digest_of(1), now).await;
        let write = async |command| store.write(command, now).await.unwrap();
        let expected = Revision::from_i64(99);
        let (seen, expires) = (record.seen, record.expires);
        block_on(async {
            load().await.unwrap();
            for _ in 0..2 {
                write(Command::Insert { key, record }).await;
            }
            load().await.unwrap();
            write(Command::Replace {
                key,
                expected,
                record,
            })
            .await;
            write(Command::Touch {
                key,
                expected: record.revision,
                seen,
                expires,
            })
            .await;
            assert_eq!(store.count().await.unwrap(), Some(1));
            write(Command::Delete {
                key,
                only: Only::Always,
            })
            .await;
            store.devices("ada", None, now, 1).await.unwrap();
            store.revoke(Whose::Everybody, now).await.unwrap();
            store.sweep(now, 1).await.unwrap();
            store.walk(&Cursor::default(), 1, now).await.unwrap();
            store.check().await.unwrap();
            faulty.go_down();
            assert!(load().await.is_err());
            faulty.come_up();
            // Nobody waits for it.
            let gate = faulty.pause_before(faulty.calls() + 1);
            assert!(pin!(load()).now_or_never().is_none());
            gate.open();
        });
    });
    let text = metrics.render();
    for (command, outcome) in [
        ("load", "absent"),
        ("load", "found"),
        ("load", "failed"),
        ("load", "dropped"),
        ("insert", "applied"),
        ("insert", "refused"),
        ("replace", "refused"),
        ("touch", "applied"),
        ("delete", "applied"),
        ("devices", "done"),
        ("revoke", "done"),
        ("sweep", "done"),
        ("walk", "done"),
        ("check", "done"),
    ] {
        let labels = format!("command=\"{command}\",outcome=\"{outcome}\"");
        let line = format!("session_store_seconds_count{{{labels}}} 1");
        assert!(text.lines().any(|it| it == line), "{line} in {text}");
    }
    let gauge = "session_store_sessions 1";
    assert!(text.lines().any(|it| it == gauge), "{text}");
}
