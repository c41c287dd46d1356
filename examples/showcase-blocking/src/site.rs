use std::panic::{AssertUnwindSafe, catch_unwind};

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

    /// Answers one request.
    ///
    /// A panic is a 500. What it unwinds through drops the session, so nothing is committed.
    pub(crate) fn respond(&self, head: &Head, body: &[u8]) -> Response {
        let responding = AssertUnwindSafe(|| self.handle(head, body));
        catch_unwind(responding)
            .unwrap_or_else(|_| Answer::error(500, "internal server error").into())
    }

    /// The five duties of an adapter, in their order.
    fn handle(&self, head: &Head, body: &[u8]) -> Response {
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
        let answer = pollster::block_on(self.app.respond(request, &first, second.as_ref()));
        // 4. Committed now that the status is known, and before anything is sent.
        let response = finish(first, answer.into());
        match second {
            Some(second) => finish(second, response),
            None => response,
        }
    }

    /// Returns the moment, for the `Date` header.
    pub(crate) fn now(&self) -> time::OffsetDateTime {
        self.app.sessions().policy().now()
    }
}

/// Commits, and puts the session's headers on the response.
fn finish(visit: ByHand<'_>, mut response: Response) -> Response {
    match visit.finish(response.status()) {
        Ok(reply) => {
            reply.apply(&mut response);
            response
        }
        // 5. What could not be committed must not look done: the log hears why, the client gets
        // the status, and no cookie.
        Err(error) => {
            let (status, json) = error.opaque();
            Response::json(status, json)
        }
    }
}
