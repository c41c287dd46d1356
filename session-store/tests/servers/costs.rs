//! The number of statements of each request, counted at the server.

use session_core::Sessions;

use super::browser::Browser;

/// Sends every kind of request and counts; `log` returns the server's statements so far.
pub async fn are_few(sessions: &Sessions, log: impl Fn() -> Vec<String>) {
    // Prepares every statement.
    let warm = Browser::new(sessions, "");
    warm.send(|session| session.insert("n", 0)).await.unwrap();
    let mut before = log().len();
    let mut costs = |what: &str, count: usize| {
        let statements = log();
        assert_eq!(
            statements.len() - before,
            count,
            "{what}: {:#?}",
            &statements[before..]
        );
        before = statements.len();
    };
    let browser = Browser::new(sessions, "");
    browser.send_untouched().await;
    costs("untouched, without a cookie", 0);
    browser
        .send(|session| session.get::<u8>("n"))
        .await
        .unwrap();
    costs("a read without a cookie", 0);
    browser
        .send(|session| session.insert("n", 1))
        .await
        .unwrap();
    costs("a session that begins", 1);
    browser.send_untouched().await;
    costs("untouched", 0);
    browser
        .send(|session| session.get::<u8>("n"))
        .await
        .unwrap();
    costs("a read", 1);
    browser
        .send(|session| session.insert("n", 2))
        .await
        .unwrap();
    costs("a write", 2);
    browser
        .send(|session| session.sign_in("ada"))
        .await
        .unwrap();
    costs("a sign-in, which closes another session", 3);
    browser.send(session_core::Session::cycle).await.unwrap();
    costs("a rotation", 2);
    for (what, count) in [("its presentation", 2), ("a read after it", 1)] {
        let read = browser.send(|session| session.get::<u8>("n"));
        assert_eq!(read.await.unwrap(), Some(2));
        costs(what, count);
    }
    sessions.devices("ada").await.unwrap();
    costs("a list of devices", 1);
    browser.log_out().await.unwrap();
    costs("a logout", 1);
    assert!(!browser.is_known().await);
}
