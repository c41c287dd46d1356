use session_core::{Digest, Moment, Reply, Session};

use crate::scene::Known;
use crate::util::id_of;

/// What a handler could see.
#[derive(Debug)]
pub struct Sight {
    pub exists: bool,
    pub owner: Option<String>,
    pub names: Vec<String>,
    pub authenticated: Option<Moment>,
    /// Whether the request has signed in itself before.
    pub is_own_sign_in: bool,
    /// Whether the session that it came to was closed then.
    pub is_closed: bool,
}

impl Sight {
    pub fn of(session: &Session) -> Self {
        Self {
            exists: session.exists(),
            owner: session.owner().map(|owner| owner.to_string()),
            names: session.keys(),
            authenticated: session.authenticated_at().map(Moment::of),
            is_own_sign_in: false,
            is_closed: false,
        }
    }
}

/// A response that has left the server.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Answer {
    pub reply: Reply,
    pub is_error: bool,
    pub cookie: Option<Known>,
    /// Whether an early save has issued the cookie, and nothing was written since.
    pub is_cookie_early: bool,
    /// Whether the cookie is the present secret of a session that lives, when the answer leaves.
    pub is_cookie_right: bool,
    /// The present secret at that moment, if the request has issued it.
    pub owed: Option<Digest>,
    pub is_delivered: bool,
}

impl Answer {
    /// Says whether it makes anything of the jar.
    pub fn changes_the_jar(&self) -> bool {
        self.reply.set_cookie().is_some()
    }
}

/// An answer arrives at a browser that keeps this of our cookies.
pub fn arrive(reply: &Reply, jar: &mut Option<String>) {
    if reply.set_cookie().is_some() {
        *jar = id_of(reply);
    }
}
