//! The panel "what just happened", which tells of the form that was sent.

use crate::visitor::Visitor;

/// What a form did to the browser's cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookie {
    Came,
    Stayed,
    Changed,
    Went,
}

/// Sends a form by its button, and asserts what the panel tells then: the code, the store's calls, and the cookie.
pub async fn press(
    visitor: &Visitor,
    button: &str,
    code: &str,
    calls: &[&str],
    cookie: Cookie,
) -> String {
    let sent = value(visitor).await;
    visitor.press(button).await;
    let has = value(visitor).await;

    assert_eq!(visitor.text("#happened h2").await, "What just happened");
    assert!(visitor.text("#code").await.contains(code), "{code}");
    assert_eq!(visitor.texts("#calls tbody th").await, calls, "{code}");
    for time in visitor.texts("#calls tbody td:last-child").await {
        assert!(time.ends_with(" ms"), "{time}");
    }
    let shown = visitor.texts("#cookie tbody tr:first-child td").await;
    assert_eq!(
        shown,
        [masked(sent.as_deref()), masked(has.as_deref())],
        "{code}"
    );
    let secret = match cookie {
        Cookie::Came | Cookie::Changed => "a new one",
        Cookie::Stayed => "the same",
        Cookie::Went => "none",
    };
    let secrets = visitor.texts("#cookie tbody tr:nth-child(2) td").await;
    assert_eq!(secrets[1], secret, "{code}");
    let is_so = match (sent, has) {
        (None, Some(_)) => cookie == Cookie::Came,
        (Some(_), None) => cookie == Cookie::Went,
        (sent, has) if sent == has => cookie == Cookie::Stayed,
        _ => cookie == Cookie::Changed,
    };
    assert!(is_so, "{code}: {cookie:?}");
    visitor.text("#lesson").await
}

async fn value(visitor: &Visitor) -> Option<String> {
    let cookies = visitor.cookies().await;
    assert!(cookies.len() < 2, "{cookies:?}");
    cookies.first().map(|cookie| cookie.value().to_owned())
}

fn masked(value: Option<&str>) -> String {
    value.map_or("none".to_owned(), |value| format!("{}…", &value[..4]))
}
