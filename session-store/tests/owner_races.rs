//! Sign-ins, revocations and slow writes of one owner at once: nothing that was revoked lives, the owner's list is
//! exactly what lives, and a cap holds. `OWNER_RACES=1000` plays as many rounds on every store.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use session_core::{Overflow, Policy, Revoke, Sessions, Store};
use session_store::MemoryStore;

const TASKS: usize = 8;

/// The cookie of a response, as the browser sends it back.
fn cookie(reply: &session_core::Reply) -> Option<String> {
    let pair = reply.set_cookie()?.split(';').next()?;
    Some(pair.to_owned()).filter(|pair| !pair.ends_with('='))
}

async fn login(sessions: &Sessions, owner: &str) -> Option<String> {
    let request = sessions.open([]);
    let session = request.handle().load().await.unwrap();
    session.sign_in(owner).unwrap();
    request
        .commit(200)
        .await
        .ok()
        .and_then(|reply| cookie(&reply))
}

async fn lives(sessions: &Sessions, cookie: &str) -> bool {
    let request = sessions.open([cookie.as_bytes()]);
    request.handle().load().await.unwrap().owner().is_some()
}

/// One round; each task signs in, writes, or ends all.
async fn round(sessions: &Sessions, owner: &str, cap: Option<usize>, number: usize) {
    let mut before = Vec::new();
    for _ in 0..cap.unwrap_or(2) {
        before.extend(login(sessions, owner).await);
    }
    let mut slow = Vec::new();
    for task in 0..TASKS {
        // Under way before anything ends.
        let request = sessions.open([before[task % before.len()].as_bytes()]);
        let session = request.handle().load().await.unwrap();
        slow.push((request, session));
    }
    let tasks: Vec<_> = slow
        .into_iter()
        .enumerate()
        .map(|(task, (request, session))| {
            let (sessions, owner) = (sessions.clone(), owner.to_owned());
            tokio::spawn(async move {
                match (task + number) % 4 {
                    0 | 1 => login(&sessions, &owner).await,
                    2 => {
                        tokio::task::yield_now().await;
                        // Of a session that has ended meanwhile nothing is written.
                        let _ = session.insert("slow", task);
                        let reply = request.commit(200).await.unwrap();
                        assert_eq!(cookie(&reply), None, "a write has begun a session");
                        None
                    }
                    _ if task < TASKS / 2 => {
                        sessions.revoke(&owner, Revoke::All).await.unwrap();
                        None
                    }
                    _ => login(&sessions, &owner).await,
                }
            })
        })
        .collect();
    let mut begun = Vec::new();
    for task in tasks {
        begun.extend(task.await.unwrap());
    }
    let revoked = (0..TASKS / 2).any(|task| (task + number) % 4 == 3);
    let mut live = 0;
    for cookie in &before {
        let is_live = lives(sessions, cookie).await;
        assert!(
            !(revoked && is_live),
            "round {number}: a revoked session lives"
        );
        live += usize::from(is_live);
    }
    for cookie in &begun {
        live += usize::from(lives(sessions, cookie).await);
    }
    let listed = sessions.devices(owner).await.unwrap().len();
    assert_eq!(listed, live, "round {number}: the list is not what lives");
    assert!(
        cap.is_none_or(|cap| live <= cap),
        "round {number}: {live} live"
    );
    sessions.revoke(owner, Revoke::All).await.unwrap();
}

async fn races(store: Arc<dyn Store>, rounds: usize) {
    let rounds = std::env::var("OWNER_RACES")
        .ok()
        .and_then(|it| it.parse().ok())
        .unwrap_or(rounds);
    for cap in [None, Some(2)] {
        let policy = Policy::builder();
        let policy = match cap {
            Some(cap) => policy.max_devices(cap, Overflow::EndOldest),
            None => policy,
        };
        let sessions = Sessions::shared(policy.build().unwrap(), Arc::clone(&store));
        for number in 0..rounds {
            round(&sessions, &format!("ada{number}{cap:?}"), cap, number).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_revoked_lives_and_the_list_is_what_lives_in_memory() {
    races(Arc::new(MemoryStore::new()), 1_000).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_revoked_lives_and_the_list_is_what_lives_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let store = session_store::SqliteStore::open(&path).await.unwrap();
    races(Arc::new(store), 20).await;
}

#[cfg(feature = "redis")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_revoked_lives_and_the_list_is_what_lives_in_redis() {
    use session_servers::Redis;
    let name = "nothing_revoked_lives_and_the_list_is_what_lives_in_redis";
    if session_servers::skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let store = session_store::RedisStore::open(redis.url()).await.unwrap();
    races(Arc::new(store), 20).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_revoked_lives_and_the_list_is_what_lives_in_postgres() {
    use session_servers::Postgres;
    let name = "nothing_revoked_lives_and_the_list_is_what_lives_in_postgres";
    if session_servers::skips(name, &Postgres::PROGRAMS) {
        return;
    }
    let postgres = Postgres::start().unwrap();
    let url = postgres.url("postgres");
    let store = session_store::PostgresStore::open(&url).await.unwrap();
    races(Arc::new(store), 20).await;
}
