//! The page's forms.

use crate::stage::Stage;
use crate::visitor::Visitor;
use crate::wait::until;

pub async fn every_form_of_the_page_does_what_it_says(stage: &Stage) {
    let server = stage.serve(&[]);
    let profile = stage.profile("one");
    let visitor = stage.visit(&server, &profile).await;
    assert_eq!(visitor.text("#server").await, stage.name());
    take_every_step(&visitor).await;

    // A script counts down from the server's value.
    until("the time to go down", async || {
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
    assert_eq!(visitor.count_a_visit().await, 1);
    assert_eq!(visitor.count_a_visit().await, 2);
    let remaining = visitor.text("#remaining").await;
    assert!(
        ["14 days", "13 days 23 hours"].contains(&&*remaining),
        "{remaining}"
    );

    for note in ["milk", "bread", "tea"] {
        visitor.add_note(note).await;
    }
    assert_eq!(visitor.notes().await, ["milk", "bread", "tea"]);
    visitor.press("#notes li:nth-child(2) button").await;
    assert_eq!(visitor.notes().await, ["milk", "tea"]);

    // Signing in keeps the values, signing out does not.
    visitor.sign_in("ada").await;
    assert_eq!(visitor.user().await.as_deref(), Some("ada"));
    assert_eq!(visitor.notes().await, ["milk", "tea"]);
    assert_eq!(visitor.visits().await, 2);
    visitor.sign_out().await;
    assert_eq!(visitor.user().await, None);
    assert_eq!(visitor.visits().await, 0);
    assert!(visitor.notes().await.is_empty());
    assert!(visitor.cookies().await.is_empty());

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

const HOSTILE: [&str; 4] = [
    "<script>document.title = 'taken'</script>",
    r#""><img src=x onerror="document.title = 'taken'">"#,
    "</span></li></ul><b>it's &amp; bold</b>",
    "{{server}}",
];
