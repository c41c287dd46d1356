use session_core::django::Zone;
use session_core::{Policy, Session, Sessions};
use session_store::{DjangoOptions, DjangoStore};

use crate::scene::{SESSIONID, Scene, TimeZone};

/// The same table in Rust, without a server.
#[derive(Debug, Clone)]
pub struct Rust {
    sessions: Sessions,
}

impl Rust {
    pub async fn open(scene: &Scene) -> Self {
        Self::open_with(scene, Policy::django()).await
    }

    pub async fn open_with(scene: &Scene, policy: Policy) -> Self {
        Self::assemble(scene, policy, DjangoOptions::new()).await
    }

    /// Opens it with further options.
    pub async fn open_as(scene: &Scene, options: DjangoOptions) -> Self {
        Self::assemble(scene, Policy::django(), options).await
    }

    async fn assemble(scene: &Scene, policy: Policy, options: DjangoOptions) -> Self {
        let zone = match scene.zone {
            TimeZone::Used => Zone::use_tz(),
            TimeZone::Naive(name) => Zone::local(name).unwrap(),
        };
        let options = options.zone(zone).connections(4);
        let store = DjangoStore::open_with(&scene.url, &scene.keys(), options)
            .await
            .unwrap();
        Self {
            sessions: Sessions::new(policy, store),
        }
    }

    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Runs a handler that asks for its session, and commits; returns the key of the cookie that the answer sets.
    pub async fn request<T>(
        &self,
        key: Option<&str>,
        handler: impl FnOnce(&Session) -> T,
    ) -> (T, Option<String>) {
        let cookie = key
            .map(|key| format!("{SESSIONID}={key}"))
            .unwrap_or_default();
        let request = self.sessions.open([cookie.as_bytes()]);
        let answer = handler(&request.handle().load().await.unwrap());
        let reply = request.commit(200).await.unwrap();
        let set = reply.set_cookie().map(|set| {
            let pair = set.split(';').next().unwrap();
            pair.strip_prefix("sessionid=").unwrap().to_owned()
        });
        (answer, set.filter(|new| Some(&**new) != key))
    }

    /// Ends the session without loading it.
    pub async fn log_out(&self, key: &str) {
        let cookie = format!("{SESSIONID}={key}");
        let request = self.sessions.open([cookie.as_bytes()]);
        request.handle().destroy().unwrap();
        let _ = request.commit(200).await.unwrap();
    }

    pub async fn close(self) {
        self.sessions.store().close().await;
    }
}
