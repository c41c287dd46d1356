//! One request, from its cookie to its end.

use std::sync::Arc;

use pollster::block_on;
use session_core::{
    CommitError, Finish, Handle, ManualClock, Policy, Reply, Request, RequestSession, SessionError,
    Sessions, Store,
};

use crate::util::id_of;
use crate::util::shelf::Shelf;

pub fn start() -> (Sessions, Arc<Shelf>) {
    let shelf = Arc::new(Shelf::default());
    let store: Arc<dyn Store> = Arc::<Shelf>::clone(&shelf);
    (Sessions::shared(Policy::default(), store), shelf)
}

/// The same with a clock that is moved by hand.
pub fn start_at(clock: &Arc<ManualClock>) -> (Sessions, Arc<Shelf>) {
    let shelf = Arc::new(Shelf::default());
    let store: Arc<dyn Store> = Arc::<Shelf>::clone(&shelf);
    let policy = Policy::builder().clock(Arc::clone(clock)).build().unwrap();
    (Sessions::shared(policy, store), shelf)
}

pub fn open(sessions: &Sessions, cookie: &str) -> Request {
    let header = format!("a=1; __Host-session={cookie}");
    sessions.open([header.as_bytes()])
}

pub fn load(handle: &Handle) -> RequestSession {
    block_on(handle.load()).unwrap()
}

pub fn read(sessions: &Sessions, cookie: &str) -> RequestSession {
    load(open(sessions, cookie).handle())
}

pub fn log_out(sessions: &Sessions, cookie: &str) {
    let request = open(sessions, cookie);
    request.handle().destroy().unwrap();
    drop(finish(&request, 200).unwrap());
}

pub fn finish(request: &Request, status: u16) -> Result<Reply, CommitError> {
    match request.finish(status)? {
        Finish::Done(reply) => Ok(reply),
        Finish::Pending(commit) => block_on(commit.run()),
    }
}

pub fn begin(sessions: &Sessions) -> String {
    let request = open(sessions, "");
    load(request.handle()).insert("n", 0).unwrap();
    id_of(&finish(&request, 200).unwrap()).unwrap()
}

pub fn is_finished<T>(outcome: &Result<T, SessionError>) -> bool {
    matches!(outcome, Err(SessionError::Finished))
}

pub fn all_is_finished(handle: &Handle, session: &RequestSession) -> bool {
    is_finished(&block_on(handle.load()))
        && is_finished(&handle.destroy())
        && is_finished(&session.insert("late", 1))
        && is_finished(&session.update("late", |n: Option<u8>| n.unwrap_or(0)))
        && is_finished(&session.sign_in("late"))
        && is_finished(&session.destroy())
        && is_finished(&block_on(session.save()))
}
