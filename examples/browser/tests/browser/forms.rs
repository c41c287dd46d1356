//! The page's forms.

use session_servers::soon;

use crate::panel::{self, Cookie};
use crate::stage::Stage;
use crate::visitor::Visitor;

pub async fn every_form_of_the_page_does_what_it_says(stage: &Stage) {
    let server = stage.serve(&[]);
    let profile = stage.profile("one");
    let visitor = stage.visit(&server, &profile).await;
    assert_eq!(visitor.text("#server").await, stage.name());
    take_every_step(&visitor).await;

    // A script counts down from the server's value.
    soon("the time to go down", async || {
        visitor.text("#remaining").await.starts_with("6 min 5")
    })
    .await;
}

pub async fn the_page_works_without_scripts(stage: &Stage) {
    let server = stage.serve(&[]);
    let profile = stage.profile("one").without_scripts();
    let visitor = stage.visit(&server, &profile).await;
    let page = "data:text/html,<title>off</title><script>document.title='on'</script>";
    visitor.go(page).await;
    assert_eq!(visitor.title().await, "off");

    visitor.go_home().await;
    take_every_step(&visitor).await;
}

pub async fn a_note_is_text_whatever_it_contains(stage: &Stage) {
    let server = stage.serve(&[]);
    let profile = stage.profile("one");
    let visitor = stage.visit(&server, &profile).await;
    let title = visitor.title().await;
    for note in HOSTILE {
        visitor.add_note(note).await;
    }
    assert_eq!(visitor.notes().await, HOSTILE);
    assert_eq!(visitor.count("#notes li > span > *").await, 0);
    assert_eq!(visitor.count("#notes li").await, HOSTILE.len());

    visitor.sign_in(HOSTILE[0]).await;
    assert_eq!(visitor.user().await.as_deref(), Some(HOSTILE[0]));
    assert_eq!(visitor.title().await, title);

    // Each can be removed, also one that looks like markup.
    for left in (0..HOSTILE.len()).rev() {
        visitor.press("#notes li:last-child button").await;
        assert_eq!(visitor.notes().await, HOSTILE[..left]);
    }
}

async fn take_every_step(visitor: &Visitor) {
    assert_eq!(visitor.text("#remaining").await, "no session yet");
    assert_eq!(visitor.visits().await, 0);
    let (button, code) = ("#visit-form button", "VISITS.update(");
    let told = panel::press(visitor, button, code, &["insert"], Cookie::Came).await;
    assert!(told.contains("made the session"), "{told}");
    let told = panel::press(visitor, button, code, CHANGED, Cookie::Stayed).await;
    assert!(told.contains("The id stays"), "{told}");
    assert_eq!(visitor.visits().await, 2);
    assert_eq!(visitor.text("#remaining").await, "14 days");
    assert!(visitor.is_chosen("#mode-default").await);
    // What was done is said once.
    assert_eq!(
        visitor.texts("#messages").await,
        ["Your visit was counted."]
    );
    visitor.reload().await;
    assert!(!visitor.shows("#messages").await);
    assert!(!visitor.shows("#happened").await);

    for note in ["milk", "bread", "tea"] {
        visitor.add_note(note).await;
    }
    assert_eq!(visitor.notes().await, ["milk", "bread", "tea"]);
    visitor.press("#notes li:nth-child(2) button").await;
    assert_eq!(visitor.notes().await, ["milk", "tea"]);

    // Signing in keeps the values, signing out does not.
    let (button, code) = ("#cycle-form button", "session.cycle()");
    let told = panel::press(visitor, button, code, CHANGED, Cookie::Changed).await;
    assert!(told.contains("the handle stays"), "{told}");
    visitor.enter("#user", "ada").await;
    let (button, code) = ("#login-form button", "session.sign_in(");
    let calls = ["load", "insert", "replace"];
    let told = panel::press(visitor, button, code, &calls, Cookie::Changed).await;
    assert!(told.contains("is not signed in by it"), "{told}");
    assert_eq!(visitor.user().await.as_deref(), Some("ada"));
    assert_eq!(visitor.notes().await, ["milk", "tea"]);
    assert_eq!(visitor.visits().await, 2);
    let (button, code) = ("#logout-form button", "access.destroy()");
    let told = panel::press(visitor, button, code, &["delete"], Cookie::Went).await;
    assert!(told.contains("a copy of it opens nothing"), "{told}");
    assert_eq!(visitor.user().await, None);
    assert_eq!(visitor.visits().await, 0);
    assert!(visitor.notes().await.is_empty());
    assert!(visitor.cookies().await.is_empty());
    assert_eq!(visitor.text("#messages").await, "You are signed out.");

    assert_eq!(visitor.count_a_visit().await, 1);
    visitor.choose("#mode-browser-close").await;
    visitor.press("#lifetime-form button").await;
    assert!(visitor.is_chosen("#mode-browser-close").await);
    let ends = visitor.text("#ends").await;
    assert!(ends.starts_with("when the browser closes"), "{ends}");
    assert_eq!(visitor.cookies().await[0].expires(), None);

    visitor.choose("#mode-minutes").await;
    visitor.enter("#minutes", "7").await;
    visitor.press("#lifetime-form button").await;
    assert!(visitor.is_chosen("#mode-minutes").await);
    assert_eq!(visitor.text("#ends").await, "after 7 min of inactivity");
    assert!(visitor.cookies().await[0].expires().is_some());
}

const CHANGED: &[&str] = &["load", "replace"];

const HOSTILE: [&str; 4] = [
    "<script>document.title = 'taken'</script>",
    r#""><img src=x onerror="document.title = 'taken'">"#,
    "</span></li></ul><b>it's &amp; bold</b>",
    "{{server}}",
];
