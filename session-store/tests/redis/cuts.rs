//! Connections that break before or after a server has done what it was asked.

use session_core::SessionError;
use session_servers::{Cut, Detour, Redis, skips};
use session_store::RedisStore;

use crate::visitor::Visitor;

const CUTS: [Cut; 2] = [Cut::BeforeItIsDone, Cut::BeforeItIsAnswered];

/// Returns a store whose connection has been used, and what breaks it.
async fn detoured(redis: &Redis) -> (RedisStore, Detour) {
    let detour = Detour::to(redis.port()).unwrap();
    let url = format!("redis://127.0.0.1:{}", detour.port());
    let store = RedisStore::open(url).await.unwrap();
    // So that the server knows the scripts.
    let mut first = Visitor::new(store.clone());
    for _ in 0..2 {
        first.count().await.unwrap();
    }
    (store, detour)
}

#[tokio::test]
async fn a_session_begins_once_although_the_connection_breaks() {
    let name = "a_session_begins_once_although_the_connection_breaks";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let (store, detour) = detoured(&redis).await;
    for cut in CUTS {
        let mut visitor = Visitor::new(store.clone());
        let owner = format!("{cut:?}");
        detour.cut(cut);
        let signed_in = visitor.visit(|session| session.sign_in(&owner)).await;
        assert!(signed_in.is_ok(), "{cut:?}: {signed_in:?}");
        assert!(detour.has_cut());
        let devices = visitor.sessions().devices(&owner).await.unwrap();
        assert_eq!(devices.len(), 1, "{cut:?}");
        visitor.count().await.unwrap();
        assert_eq!(visitor.counted().await.unwrap(), Some(1), "{cut:?}");
    }
}

#[tokio::test]
async fn a_read_or_a_logout_does_not_notice_that_the_connection_breaks() {
    let name = "a_read_or_a_logout_does_not_notice_that_the_connection_breaks";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let (store, detour) = detoured(&redis).await;
    for cut in CUTS {
        let mut visitor = Visitor::new(store.clone());
        visitor.count().await.unwrap();
        detour.cut(cut);
        assert_eq!(visitor.counted().await.unwrap(), Some(1), "{cut:?}");
        detour.cut(cut);
        visitor.log_out().await.unwrap();
        assert!(detour.has_cut());
        assert_eq!(visitor.counted().await.unwrap(), None, "{cut:?}");
    }
}

/// Others may have written on top of it meanwhile, so that it can't be told whether it was done.
#[tokio::test]
async fn a_write_whose_answer_is_lost_is_not_sent_again() {
    if skips(
        "a_write_whose_answer_is_lost_is_not_sent_again",
        &Redis::PROGRAMS,
    ) {
        return;
    }
    let redis = Redis::start().unwrap();
    let (store, detour) = detoured(&redis).await;
    for (cut, counted) in CUTS.into_iter().zip([1, 2]) {
        let mut visitor = Visitor::new(store.clone());
        visitor.count().await.unwrap();
        let written = visitor.visit(|session| {
            detour.cut(cut);
            session
                .update("n", |n: Option<u32>| n.unwrap_or(0) + 1)
                .map(drop)
        });
        let written = written.await;
        assert!(
            matches!(written, Err(SessionError::Store(_))),
            "{written:?}"
        );
        assert_eq!(visitor.counted().await.unwrap(), Some(counted), "{cut:?}");
    }
}
