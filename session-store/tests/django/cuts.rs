//! Connections that break before or after the server has carried out a statement.

use session_core::{Command, Only, Outcome, Revision, Store as _};
use session_servers::{Cut, FaultProxy};
use session_store::{DjangoOptions, DjangoStore};
use session_testkit::{changed, moment_at, record_of};

use super::site::{KEY, Site, key_of, keys, load};

const TO: &str = "another1key9of4the0same5session2";

/// Opens a store behind a proxy; `None` on a database without a server.
async fn cuttable(site: &Site) -> Option<(DjangoStore, FaultProxy)> {
    let url = site.url();
    let (before, rest) = url.split_once("127.0.0.1:")?;
    let (port, after) = rest.split_once('/')?;
    let proxy = FaultProxy::to(port.parse().unwrap()).unwrap();
    let url = format!("{before}127.0.0.1:{}/{after}", proxy.port());
    // One connection, whose statements are all prepared by the first rounds.
    let options = DjangoOptions::new().create(true).connections(1);
    let store = DjangoStore::open_with(&url, &keys(), options).await;
    Some((store.unwrap(), proxy))
}

pub async fn a_command_is_done_once_whichever_answer_is_lost(site: &Site) {
    let Some((store, proxy)) = cuttable(site).await else {
        return;
    };
    let now = moment_at(0);
    let (key, to) = (&key_of(KEY), &key_of(TO));
    let old = &changed!(record_of(1), owner = Some("7".into()));
    let new = &changed!(old.clone(), revision = Revision::from_i64(2));
    let closed = &changed!(new.clone(), closed = true);
    let expected = old.revision;
    let replace = |record| Command::Replace {
        key,
        expected,
        record,
    };
    let insert = Command::Insert { key, record: old };
    let delete = |only| Command::Delete { key, only };
    // What is there afterwards: a key, and the revision.
    let touched = Some((KEY, 1));
    let commands = [
        ("insert", insert, touched),
        ("replace", replace(new), Some((KEY, 2))),
        ("close", replace(closed), None),
        (
            "move",
            Command::Move {
                key,
                to,
                expected,
                record: new,
            },
            Some((TO, 2)),
        ),
        (
            "touch",
            Command::Touch {
                key,
                expected,
                seen: moment_at(3),
                expires: moment_at(500),
            },
            touched,
        ),
        ("logout", delete(Only::Always), None),
        ("over", delete(Only::Over(moment_at(1_000))), None),
    ];
    for (what, command, left) in commands {
        for cut in [Cut::BeforeRequest, Cut::BeforeResponse] {
            for skipped in 0.. {
                let case = format!("{what}, {cut:?} of request {skipped}");
                site.run("DELETE FROM django_session").await;
                if what != "insert" {
                    store.write(insert, now).await.unwrap();
                }
                // Prepares the statements.
                let _ = load(&store, TO, 0).await;
                proxy.plan(vec![None; skipped].into_iter().chain([Some(cut)]));
                let outcome = store.write(command, now).await;
                let was_cut = proxy.has_cut();
                proxy.plan([]);
                let is_known = match outcome {
                    Ok(outcome) => {
                        assert_eq!(outcome, Outcome::Applied, "{case}");
                        true
                    }
                    // Whoever finds no row can't tell who has ended the session.
                    Err(error) => {
                        assert!(
                            error.to_string().contains("can't tell whether"),
                            "{case}: {error}"
                        );
                        assert_eq!((what, cut), ("close", Cut::BeforeResponse), "{case}");
                        false
                    }
                };
                let mut found = Vec::new();
                for key in [KEY, TO] {
                    let record = load(&store, key, 0).await;
                    found.extend(record.map(|record| (key, record.revision.to_i64())));
                }
                assert_eq!(found, Vec::from_iter(left), "{case}: {is_known}");
                if !was_cut {
                    break;
                }
            }
        }
    }
}
