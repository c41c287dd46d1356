use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};

use session_core::Reply;
use session_store::BlockingStore;
use showcase::{Answer, App, Request};

use crate::by_hand::ByHand;
use crate::head::Head;
use crate::response::Response;

/// The application with its store, shared by all connections.
pub(crate) struct Site {
    app: App,
    store: BlockingStore,
}

impl Site {
    pub(crate) fn new(app: App, store: BlockingStore) -> Self {
        Self { app, store }
    }

    /// Answers one request, in the order of an adapter's five duties.
    pub(crate) fn respond(&self, head: &Head, body: &[u8]) -> Response {
        // 1. Open: the core gets the bytes of the `Cookie` headers, unparsed and not joined.
        let begin = |sessions| ByHand::new(sessions, &self.store, head);
        let first = begin(self.app.sessions());
        // A second session is a second exchange, with another policy and another cookie.
        let second = self.app.second().map(begin);
        let request = Request {
            method: head.method(),
            path: head.path(),
            query: head.query(),
            body,
        };
        // 2. Put: the handler gets the session. 3. Load: when the handler asks; it answers an
        // outage too, here with an opaque 503.
        let responding = || pollster::block_on(self.app.respond(request, &first, second.as_ref()));
        let responded = catch_unwind(AssertUnwindSafe(responding));
        let sessions = iter::once(first).chain(second);
        let Ok(answer) = responded else {
            let panicked = Answer::error(500, "internal server error").into();
            return sessions.fold(panicked, |response, session| {
                with(&session.abandon(), response)
            });
        };
        // 4. Finish: the status is known, and nothing is sent yet. All replies belong on the response,
        // also if a later session fails and its answer takes the response's place.
        let mut replies = Vec::new();
        let response = sessions.fold(answer.into(), |response, session| {
            commit(response, session, &mut replies)
        });
        replies
            .iter()
            .fold(response, |response, reply| with(reply, response))
    }

    /// Returns the current time, for the `Date` header.
    pub(crate) fn now(&self) -> time::OffsetDateTime {
        self.app.sessions().policy().now()
    }
}

/// Commits, and keeps the reply for the response.
fn commit(response: Response, session: ByHand<'_>, replies: &mut Vec<Reply>) -> Response {
    match session.finish(response.status()) {
        Ok(reply) => {
            replies.push(reply);
            response
        }
        // 5. A failed commit must not look like success: the log gets the cause, the client the
        // status, and the cookie of an early save.
        Err(failed) => {
            let (error, reply) = failed.into_parts();
            replies.push(reply);
            let (status, json) = error.opaque();
            Response::json(status, json)
        }
    }
}

fn with(reply: &Reply, mut response: Response) -> Response {
    reply.clone().apply(&mut response);
    response
}
