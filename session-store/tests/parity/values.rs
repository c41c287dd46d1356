//! `SessionBase` as a mapping.

use session_core::SessionError;

use crate::site::Site;

// Django: SessionTestsMixin.test_new_session
#[tokio::test]
async fn a_new_session_is_neither_modified_nor_written() {
    let site = Site::new().await;
    let seen = site
        .request("", 200, |session| assert!(!session.is_modified()))
        .await;
    assert_eq!((seen.calls.total(), seen.cookie()), (0, ""));
    // One that no handler asks for leaves no trace in the response.
    let untouched = site
        .sessions
        .open([&b"theme=dark"[..]])
        .commit(200)
        .await
        .unwrap();
    assert!(!untouched.is_opened());
}

// Django: SessionTestsMixin.test_get_empty
#[tokio::test]
async fn an_absent_value_is_none() {
    let site = Site::new().await;
    site.request("", 200, |session| {
        assert_eq!(session.get::<String>("cat").unwrap(), None);
    })
    .await;
}

// Django: SessionTestsMixin.test_store
#[tokio::test]
async fn a_value_that_is_set_modifies_the_session_and_can_be_taken() {
    let site = Site::new().await;
    site.request("", 200, |session| {
        session.insert("cat", "dog").unwrap();
        assert!(session.is_modified());
        assert_eq!(session.take("cat").unwrap(), Some("dog".to_owned()));
    })
    .await;
}

// Django: SessionTestsMixin.test_pop
#[tokio::test]
async fn a_value_that_is_taken_is_gone() {
    let site = Site::new().await;
    let cookie = site.begin("some key", "exists").await;
    let seen = site.request(&cookie, 200, |session| {
        assert!(!session.is_modified());
        assert_eq!(session.take("some key").unwrap(), Some("exists".to_owned()));
        assert!(session.is_modified());
        assert_eq!(session.get::<String>("some key").unwrap(), None);
    });
    let seen = seen.await;
    assert!(seen.varies());
    assert_eq!(seen.calls.replace, 1);
    assert_eq!(site.decoded(&cookie).await.matches("some key").count(), 0);
}

// Django: SessionTestsMixin.test_pop_default
// Django: SessionTestsMixin.test_pop_default_named_argument
// Django: SessionTestsMixin.test_pop_no_default_keyerror_raised
#[tokio::test]
async fn taking_what_is_absent_is_none_and_modifies_nothing() {
    let site = Site::new().await;
    let cookie = site.begin("k", 1).await;
    let seen = site.request(&cookie, 200, |session| {
        let taken = session.take::<String>("some key").unwrap();
        assert_eq!(
            taken.as_deref().unwrap_or("does not exist"),
            "does not exist"
        );
        assert!(!session.is_modified());
    });
    let seen = seen.await;
    assert!(seen.varies());
    assert_eq!(seen.writes(), 0);
}

// Django: SessionTestsMixin.test_setdefault
#[tokio::test]
async fn a_default_is_set_once() {
    let site = Site::new().await;
    let seen = site.request("", 200, |session| {
        let foo = |default: &str| session.get_or_insert_with("foo", || default.to_owned());
        assert_eq!(foo("bar").unwrap(), "bar");
        assert_eq!(foo("baz").unwrap(), "bar");
        assert!(session.is_modified());
    });
    assert!(seen.await.varies());
}

// Django: SessionTestsMixin.test_update
#[tokio::test]
async fn several_values_are_set_at_once() {
    let site = Site::new().await;
    let seen = site.request("", 200, |session| {
        session.extend([("update key", 1)]).unwrap();
        assert!(session.is_modified());
        assert_eq!(session.get("update key").unwrap(), Some(1));
    });
    assert!(seen.await.varies());
}

// Django: SessionTestsMixin.test_has_key
#[tokio::test]
async fn asking_for_a_name_modifies_nothing() {
    let site = Site::new().await;
    let cookie = site.begin("some key", 1).await;
    let seen = site.request(&cookie, 200, |session| {
        assert!(session.contains("some key") && !session.contains("other"));
        assert!(!session.is_modified());
    });
    assert!(seen.await.varies());
}

// Django: SessionTestsMixin.test_values
// Django: SessionTestsMixin.test_keys
// Django: SessionTestsMixin.test_items
#[tokio::test]
async fn names_and_values_are_listed_and_that_modifies_nothing() {
    let site = Site::new().await;
    site.request("", 200, |session| assert_eq!(session.iter().count(), 0))
        .await;
    let cookie = site.begin("x", 1).await;
    let seen = site.request(&cookie, 200, |session| {
        let items: Vec<_> = session.iter().collect();
        assert_eq!(items, [("x".to_owned(), "1".to_owned())]);
        assert_eq!(session.keys(), ["x"]);
        assert!(!session.is_modified());
    });
    let seen = seen.await;
    assert!(seen.varies());
    assert_eq!(seen.writes(), 0);
}

// Django: SessionTestsMixin.test_clear
#[tokio::test]
async fn a_session_that_is_cleared_has_no_values() {
    let site = Site::new().await;
    let cookie = site.begin("x", 1).await;
    let seen = site.request(&cookie, 200, |session| {
        session.clear().unwrap();
        assert_eq!(session.iter().count(), 0);
        assert!(session.is_modified());
    });
    let seen = seen.await;
    assert!(seen.varies());
    assert_eq!(seen.calls.replace, 1);
}

// Django: SessionTestsMixin.test_save_doesnt_clear_data
#[tokio::test]
async fn a_save_leaves_the_values_readable() {
    let site = Site::new().await;
    let request = site.sessions.open([&b""[..]]);
    let session = request.handle().load().await.unwrap();
    session.insert("a", "b").unwrap();
    session.save().await.unwrap();
    assert_eq!(session.get("a").unwrap(), Some("b".to_owned()));
    let _ = request.commit(200).await.unwrap();
}

// Django: SessionTestsMixin.test_session_key_is_read_only
#[tokio::test]
async fn the_browsers_id_is_not_taken_from_a_handler() {
    let site = Site::new().await;
    let cookie = site.begin("a", 1).await;
    // No method takes an id. A value of that name is a value.
    let seen = site.request(&cookie, 200, |session| {
        let before = session.public_id();
        session
            .insert("session_key", "chosen-by-a-handler")
            .unwrap();
        assert_eq!(session.public_id(), before);
    });
    assert_eq!(seen.await.id(), None);
    assert!(site.exists(&cookie).await);
}

// Django: SessionBaseTests.test_test_cookie
// Django: SessionBaseTests.test_atest_cookie
#[tokio::test]
async fn a_test_cookie_says_whether_the_browser_keeps_cookies() {
    let site = Site::new().await;
    let seen = site.request("", 200, |session| {
        assert!(!session.test_cookie_worked());
        session.set_test_cookie().unwrap();
    });
    let cookie = seen.await.id().unwrap();
    assert!(
        site.decoded(&cookie)
            .await
            .contains(r#""testcookie":"worked""#)
    );
    site.request(&cookie, 200, |session| {
        assert!(session.test_cookie_worked());
        session.delete_test_cookie().unwrap();
        assert!(!session.test_cookie_worked() && session.is_modified());
    })
    .await;
    site.request(&cookie, 200, |session| {
        assert!(!session.test_cookie_worked());
    })
    .await;
}

// Django: SessionBaseTests.test_is_empty
#[tokio::test]
async fn a_new_session_is_empty() {
    let site = Site::new().await;
    site.request("", 200, |session| {
        assert!(session.is_empty() && session.is_empty());
    })
    .await;
}

// Django: CookieSessionTests.test_unpickling_exception
// Django: SessionTestsMixin.test_decode_serializer_exception
#[tokio::test]
async fn what_is_signed_and_no_json_is_no_session() {
    let site = Site::new().await;
    let now = crate::site::NOON;
    for payload in ["flaskdj:alkdjf", "[1]", "\"text\"", "{", "{\"a\":nan}"] {
        let token = Site::signer().sign(payload, now);
        site.put("undecodable1", &token, "2027-01-01 00:00:00")
            .await;
        site.request("undecodable1", 200, |session| {
            assert!(session.is_empty() && !session.exists(), "{payload}");
            assert!(matches!(
                session.get::<u32>("a"),
                Ok::<_, SessionError>(None)
            ));
        })
        .await;
    }
}
