use std::path::{Path, PathBuf};
use std::time::Duration;

use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::cookies::Cookie;
use fantoccini::elements::Element;
use fantoccini::wd::{WebDriverCompatibleCommand, WindowHandle};
use fantoccini::{Client, Locator};
use serde_json::{Value, json};

use session_servers::soon;

use crate::tool::Tool;

/// A person at a browser on the showcase's page: reads it and acts on it.
#[derive(Debug)]
pub struct Visitor {
    client: Client,
    profile: PathBuf,
    home: String,
}

impl Visitor {
    /// Opens the page.
    pub async fn open(client: Client, profile: &Path, home: &str) -> Self {
        let visitor = Self {
            client,
            profile: profile.to_owned(),
            home: home.to_owned(),
        };
        visitor.go_home().await;
        visitor
    }

    /// Quits the browser as a person does, and waits until it is gone.
    pub async fn quit(self) {
        self.client.close().await.unwrap();
        // Chromium holds this link while it runs, and removes it when everything is written.
        let lock = self.profile.join("SingletonLock");
        soon("the browser's end", async || {
            lock.symlink_metadata().is_err()
        })
        .await;
    }

    pub async fn go_home(&self) {
        self.go(&self.home).await;
    }

    pub async fn go(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    pub async fn reload(&self) {
        self.client.refresh().await.unwrap();
    }

    pub async fn go_back(&self) {
        self.client.back().await.unwrap();
    }

    /// Opens the page in another tab, and stays in this one.
    pub async fn open_tab(&self) -> WindowHandle {
        let here = self.tab().await;
        let tab = self.client.new_window(true).await.unwrap().handle;
        self.turn_to(&tab).await;
        self.go_home().await;
        self.turn_to(&here).await;
        tab
    }

    /// Returns the present tab.
    pub async fn tab(&self) -> WindowHandle {
        self.client.window().await.unwrap()
    }

    pub async fn turn_to(&self, tab: &WindowHandle) {
        self.client.switch_to_window(tab.clone()).await.unwrap();
    }

    /// Lets every answer to this tab take that long on its way from the server.
    pub async fn delay_answers(&self, time: Duration) {
        // Without this Chromium delays pages only.
        self.command(Tool("Network.enable", json!({}))).await;
        let conditions = json!({
            "offline": false,
            "latency": time.as_millis(),
            "downloadThroughput": -1,
            "uploadThroughput": -1,
        });
        self.command(Tool("Network.emulateNetworkConditions", conditions))
            .await;
    }

    /// Clicks on a control that leads to a new page, and waits for that page.
    pub async fn press(&self, button: &str) {
        let old = self.find("html").await;
        self.find(button).await.click().await.unwrap();
        Self::wait_for_another(&old).await;
    }

    /// Clicks twice on a control that leads to a new page, with a pause in between, and waits for that page.
    pub async fn double_click(&self, button: &str, pause: Duration) {
        let old = self.find("html").await;
        let place = PointerAction::MoveToElement {
            element: self.find(button).await,
            duration: None,
            x: 0.0,
            y: 0.0,
        };
        let button = MOUSE_BUTTON_LEFT;
        let click = [PointerAction::Down { button }, PointerAction::Up { button }];
        let pause = PointerAction::Pause { duration: pause };
        let actions = [place].into_iter().chain(click.clone());
        let actions = actions.chain([pause]).chain(click);
        let mouse = MouseActions::new("mouse".to_owned());
        let mouse = actions.fold(mouse, InputSource::then);
        self.client.perform_actions(mouse).await.unwrap();
        Self::wait_for_another(&old).await;
    }

    /// Clicks on a control that stays on the page.
    pub async fn choose(&self, control: &str) {
        self.find(control).await.click().await.unwrap();
    }

    pub async fn enter(&self, field: &str, text: &str) {
        let field = self.find(field).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    pub async fn count_a_visit(&self) -> u64 {
        self.press("#visit-form button").await;
        self.visits().await
    }

    pub async fn add_note(&self, text: &str) {
        self.enter("#text", text).await;
        self.press("#note-form button").await;
    }

    pub async fn sign_in(&self, user: &str) {
        self.enter("#user", user).await;
        self.press("#login-form button").await;
    }

    pub async fn sign_out(&self) {
        self.press("#logout-form button").await;
    }

    pub async fn visits(&self) -> u64 {
        self.text("#visits").await.parse().unwrap()
    }

    /// Returns the signed-in user, by the page.
    pub async fn user(&self) -> Option<String> {
        let shown = self.texts("#owner").await.pop();
        // The page shows either the user or the form.
        assert_eq!(shown.is_none(), self.shows("#login-form").await);
        shown
    }

    pub async fn notes(&self) -> Vec<String> {
        self.texts("#notes li > span").await
    }

    pub async fn text(&self, selector: &str) -> String {
        self.find(selector).await.text().await.unwrap()
    }

    /// Returns an element's attribute.
    pub async fn attribute(&self, selector: &str, name: &str) -> String {
        let value = self.find(selector).await.attr(name).await;
        value.unwrap().unwrap()
    }

    pub async fn texts(&self, selector: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for element in self.find_all(selector).await {
            texts.push(element.text().await.unwrap());
        }
        texts
    }

    pub async fn count(&self, selector: &str) -> usize {
        self.find_all(selector).await.len()
    }

    pub async fn shows(&self, selector: &str) -> bool {
        self.count(selector).await > 0
    }

    /// Returns whether a radio button is chosen.
    pub async fn is_chosen(&self, control: &str) -> bool {
        self.find(control).await.is_selected().await.unwrap()
    }

    pub async fn title(&self) -> String {
        self.client.title().await.unwrap()
    }

    /// Returns the cookies that the browser would send to this page, as its own tools show them.
    pub async fn cookies(&self) -> Vec<Cookie<'static>> {
        self.client.get_all_cookies().await.unwrap()
    }

    /// Runs a script on the page.
    pub async fn script(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// Sends a command that fantoccini lacks.
    pub async fn command(
        &self,
        command: impl WebDriverCompatibleCommand + Send + 'static,
    ) -> Value {
        self.client.issue_cmd(command).await.unwrap()
    }

    /// Returns the visible part of the page as a PNG file.
    pub async fn picture(&self) -> Vec<u8> {
        self.client.screenshot().await.unwrap()
    }

    pub async fn find_all(&self, selector: &str) -> Vec<Element> {
        self.client.find_all(Locator::Css(selector)).await.unwrap()
    }

    async fn wait_for_another(page: &Element) {
        soon("a new page", async || match page.tag_name().await {
            Ok(_) => false,
            Err(error) if error.is_stale_element_reference() || error.is_no_such_element() => true,
            // In the very moment of the change, Chromium may have no clear word for it.
            Err(error) if error.is_unknown_error() || error.is_javascript_error() => false,
            Err(error) => panic!("{error}"),
        })
        .await;
    }

    async fn find(&self, selector: &str) -> Element {
        let found = self.client.find(Locator::Css(selector)).await;
        found.unwrap_or_else(|error| panic!("{selector}: {error}"))
    }
}
