use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};

use session_core::Reply;
use session_store::BlockingStore;
use showcase::{Answer, App, Request};

use crate::head::Head;
use crate::response::Response;
use crate::visit::ByHand;

/// The application with its store, shared by all connections.
pub(crate) struct Site {
    app: App,
    store: BlockingStore,
}

impl Site {
    pub(crate) fn new(app: App, store: BlockingStore) -> Self {
        Self { app, store }
    }

    /// Answers one request, with the five duties of an adapter in their order.
    pub(crate) fn respond(&self, head: &Head, body: &[u8]) -> Response {
        // 1. The head, of whose `Cookie` headers the core gets the bytes; no parsing, no joining.
        let begin = |sessions| ByHand::new(sessions, &self.store, head);
        let first = begin(self.app.sessions());
        // Another policy, another cookie: a second session is a second exchange, no more.
        let second = self.app.second().map(begin);
        let request = Request {
            method: head.method(),
            path: head.path(),
            query: head.query(),
            body,
        };
        // 2. The session where the handler finds it. 3. It is loaded when the handler asks, and
        // an outage is the handler's to answer, here with an opaque 503.
        let responding = || pollster::block_on(self.app.respond(request, &first, second.as_ref()));
        let responded = catch_unwind(AssertUnwindSafe(responding));
        let visits = iter::once(first).chain(second);
        let Ok(answer) = responded else {
            let panicked = Answer::error(500, "internal server error").into();
            return visits.fold(panicked, |response, visit| with(&visit.abandon(), response));
        };
        // 4. Committed now that the status is known, and before anything is sent.
        visits.fold(answer.into(), commit)
    }

    /// Returns the moment, for the `Date` header.
    pub(crate) fn now(&self) -> time::OffsetDateTime {
        self.app.sessions().policy().now()
    }
}

/// Commits, and puts the session's headers on the response.
fn commit(response: Response, visit: ByHand<'_>) -> Response {
    match visit.finish(response.status()) {
        Ok(reply) => with(&reply, response),
        // 5. What could not be committed must not look done: the log hears why, the client gets
        // the status, and the cookie of what an early save has stored.
        Err(failed) => {
            let (error, reply) = failed.into_parts();
            let (status, json) = error.opaque();
            with(&reply, Response::json(status, json))
        }
    }
}

fn with(reply: &Reply, mut response: Response) -> Response {
    reply.apply(&mut response);
    response
}
