//! What `named!` makes for adapters.
#![allow(clippy::unwrap_used)]

use std::rc::Rc;
use std::sync::Arc;

use session_core::{Handle, Policy, Request, RequestSession, Session, Sessions, named};
use session_testkit::ModelStore;

named! {
    /// One that is a session.
    pub struct Plain(RequestSession);
}

named! {
    struct Shared(Arc<Handle>) -> Handle;
}

named! {
    struct Counted(RequestSession) { count: u8, label: &'static str }
}

/// Neither `Clone` nor `Debug`, nor of any use to another thread.
struct Admin(#[allow(dead_code)] Rc<()>);

fn request() -> Request {
    Sessions::new(Policy::default(), ModelStore::new()).open([])
}

fn load(request: &Request) -> RequestSession {
    pollster::block_on(request.handle().load()).unwrap()
}

fn session() -> RequestSession {
    load(&request())
}

#[test]
fn it_is_what_it_wraps_and_so_is_a_clone() {
    fn free_of_frameworks(session: &Session) {
        session.insert("k", 1).unwrap();
    }
    let request = request();
    let named = Plain::<Admin>::from(load(&request));
    free_of_frameworks(&named);
    pollster::block_on(named.save()).unwrap();
    assert!(named.clone().contains("k") && named.into_inner().contains("k"));
}

#[test]
fn it_may_dereference_further_than_what_it_wraps() {
    let request = request();
    let shared = Shared::<Admin>::from(Arc::new(request.handle().clone()));
    let copy = shared.clone();
    pollster::block_on(shared.load()).unwrap();
    assert!(copy.peek().is_some());
    let inner: Handle = shared.into_inner();
    assert!(inner.peek().is_some());
    drop(request);
    assert!(copy.peek().is_none() && inner.peek().is_none());
}

#[test]
fn it_says_its_name_and_what_it_wraps() {
    let shown = format!("{:?}", Plain::<Admin>::from(session()));
    assert!(shown.starts_with("Plain { name: ") && shown.contains("Admin"));
    assert!(shown.contains("Session"), "{shown}");
    let unnamed: Plain = Plain::from(session());
    assert!(format!("{unnamed:?}").contains(r#"name: "()""#));
}

#[test]
fn its_own_fields_begin_as_defaults_and_belong_to_it() {
    let mut counted: Counted<Admin> = session().into();
    assert_eq!((counted.count, counted.label), (0, ""));
    counted.count += 1;
    assert_eq!(counted.clone().count, 1);
    assert_eq!(counted.clone().renamed::<()>().count, 1);
    let shown = format!("{counted:?}");
    assert!(shown.ends_with(r#", count: 1, label: "" }"#), "{shown}");
    assert!(counted.is_empty());
}

#[test]
fn its_name_keeps_it_from_no_thread() {
    fn is_free(_: impl Send + Sync + 'static) {}
    is_free(Plain::<Admin>::from(session()));
    is_free(Shared::<Admin>::from(Arc::new(request().handle().clone())));
}
