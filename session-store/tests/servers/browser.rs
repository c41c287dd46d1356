use std::sync::Mutex;

use session_core::{Session, SessionError, Sessions};

/// A browser that sends requests with its latest cookie.
#[derive(Debug)]
pub struct Browser {
    sessions: Sessions,
    cookie: Mutex<String>,
}

impl Browser {
    pub fn new(sessions: &Sessions, cookie: &str) -> Self {
        Self {
            sessions: sessions.clone(),
            cookie: Mutex::new(cookie.to_owned()),
        }
    }

    /// Returns the browser's cookie.
    pub fn cookie(&self) -> String {
        self.cookie.lock().unwrap().clone()
    }

    /// Runs a handler that asks for its session, and commits.
    pub async fn send<T>(
        &self,
        handler: impl FnOnce(&Session) -> Result<T, SessionError>,
    ) -> Result<T, SessionError> {
        let cookie = self.cookie();
        let request = self.sessions.open([cookie.as_bytes()]);
        let answer = handler(&*request.handle().load().await?)?;
        let reply = request.commit(200).await?;
        if let Some(set) = reply.set_cookie() {
            let (pair, _) = set.split_once(';').unwrap();
            pair.clone_into(&mut self.cookie.lock().unwrap());
        }
        Ok(answer)
    }

    /// Runs a handler that does not ask for its session.
    pub async fn send_untouched(&self) {
        let cookie = self.cookie();
        let request = self.sessions.open([cookie.as_bytes()]);
        assert_eq!(request.commit(200).await.unwrap().set_cookie(), None);
    }

    /// Logs out without loading the session.
    pub async fn log_out(&self) -> Result<(), SessionError> {
        let cookie = self.cookie();
        let request = self.sessions.open([cookie.as_bytes()]);
        request.handle().destroy()?;
        let _ = request.commit(200).await?;
        Ok(())
    }

    /// Says whether the cookie opens a session.
    pub async fn is_known(&self) -> bool {
        let cookie = self.cookie();
        let request = self.sessions.open([cookie.as_bytes()]);
        request.handle().load().await.unwrap().exists()
    }
}
