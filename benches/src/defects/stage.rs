use std::fmt;
use std::pin::pin;
use std::time::Duration;

use anyhow::{Result, ensure};
use futures_util::future::{Either, select};

use super::Hold;
use super::browser::Answer;
use super::faults::{Call, Faults, Pause};
use super::site::{Setting, Site, Subject};
use crate::sockets::databases::{Databases, Kind};

/// An application with its store, for one scenario.
pub(super) struct Stage<'a> {
    pub(super) subject: &'a Subject,
    pub(super) setting: Setting,
    site: Box<dyn Site>,
}

/// Where the slower of two requests waits for the faster one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// In its handler, which has read the session and has not yet changed it.
    Handler,
    /// Before the store gets its write.
    Store,
}

impl<'a> Stage<'a> {
    pub(super) async fn new(
        subject: &'a Subject,
        databases: &Databases,
        life: Duration,
    ) -> Result<Self> {
        let setting = Setting {
            backend: databases.place(subject.kind)?,
            life,
            hold: Hold::default(),
            faults: Faults::default(),
        };
        Ok(Self {
            subject,
            site: (subject.make)(setting.clone()).await?,
            setting,
        })
    }

    pub(super) fn site(&self) -> &dyn Site {
        &*self.site
    }

    /// Starts the application again, if its sessions outlive it.
    pub(super) async fn restart(&mut self) -> Result<()> {
        if self.subject.kind != Kind::Memory {
            self.site = (self.subject.make)(self.setting.clone()).await?;
        }
        Ok(())
    }

    /// Sends a slow request of `act` on `key`, lets another happen while it waits, and returns both answers; `None` if it
    /// did not wait.
    pub(super) async fn overlap(
        &self,
        at: At,
        act: &str,
        key: &str,
        cookie: &str,
        other: (&str, &str),
    ) -> Result<Option<(Answer, Answer)>> {
        let pause = match at {
            At::Handler => Pause::Theirs(self.setting.hold.clone()),
            At::Store => self.setting.faults.pause(Call::Write),
        };
        let path = match at {
            At::Handler => format!("/slow-{act}/{key}"),
            At::Store => format!("/{act}/{key}"),
        };
        let mut slow = pin!(self.site().send(&path, cookie));
        if let Either::Left((answer, _)) = select(slow.as_mut(), pin!(pause.reached())).await {
            // Without a write there is nothing to wait for.
            ensure!(
                at == At::Store,
                "a request did not wait: status {}",
                answer.status
            );
            return Ok(None);
        }
        let other = self.site().send(other.0, other.1).await;
        pause.open();
        Ok(Some((slow.await, other)))
    }

    /// The places at which a request can be made to wait.
    pub(super) fn places(&self) -> &'static [At] {
        match self.subject.has_calls {
            true => &[At::Handler, At::Store],
            false => &[At::Handler],
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Handler => "while one request waits in its handler",
            Self::Store => "while one request's write waits before the store",
        })
    }
}
