//! A request's handle, and the commits of requests: of tasks that use one session at once.

use session_core::{ManualClock, Policy, Reply, Request, SessionError, Sessions};
use session_proofs::{Counter, Halting, in_many_orders, second};
use shuttle::future::block_on;
use shuttle::thread;

fn sessions() -> (Halting, Sessions) {
    let store = Halting::default();
    let policy = Policy::builder()
        .cookie_name("sid")
        .clock(ManualClock::new(second(0)));
    let policy = policy
        .danger_entropy(Counter::default())
        .build()
        .expect("the name is good");
    (store.clone(), Sessions::new(policy, store))
}

/// Begins a session with `n` as 0, and returns the browser's cookie.
fn begin(sessions: &Sessions) -> String {
    let request = sessions.open([]);
    let reply = block_on(async {
        request.handle().load().await?.insert("n", 0)?;
        commit(request).await
    });
    let reply = reply.expect("nothing fails");
    let set = reply.set_cookie().expect("a session has begun");
    set.split(';')
        .next()
        .expect("a cookie has a name")
        .to_owned()
}

async fn commit(request: Request) -> Result<Reply, SessionError> {
    request
        .commit(200)
        .await
        .map_err(|failed| failed.into_parts().0)
}

fn n(sessions: &Sessions, cookie: &str) -> Option<u32> {
    let request = sessions.open([cookie.as_bytes()]);
    block_on(async { request.handle().load().await?.get("n") }).expect("nothing fails")
}

#[test]
fn tasks_of_one_request_load_its_session_once_and_change_the_same_one() {
    in_many_orders(|| {
        let (store, sessions) = sessions();
        let cookie = begin(&sessions);
        let before = store.loads();
        let request = sessions.open([cookie.as_bytes()]);
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let handle = request.handle().clone();
                thread::spawn(move || {
                    block_on(async {
                        let session = handle.load().await.expect("the request is open");
                        session.update("n", |n: Option<u32>| n.unwrap_or_default() + 1)
                    })
                    .expect("it is small");
                })
            })
            .collect();
        for task in tasks {
            task.join().expect("no task panics");
        }
        assert_eq!(store.loads() - before, 1);
        let _ = block_on(commit(request)).expect("nothing fails");
        assert_eq!(n(&sessions, &cookie), Some(3));
    });
}

#[test]
fn a_task_beside_the_end_of_its_request_is_told_or_its_change_is_kept() {
    in_many_orders(|| {
        let (_, sessions) = sessions();
        let cookie = begin(&sessions);
        let request = sessions.open([cookie.as_bytes()]);
        let handle = request.handle().clone();
        let task = thread::spawn(move || block_on(async { handle.load().await?.insert("n", 9) }));
        let _ = block_on(commit(request)).expect("nothing fails");
        let expected = match task.join().expect("no task panics") {
            Ok(()) => 9,
            Err(error) => {
                assert!(matches!(error, SessionError::Finished), "{error}");
                0
            }
        };
        assert_eq!(n(&sessions, &cookie), Some(expected));
    });
}

#[test]
fn a_logout_beside_a_load_ends_the_session_and_nobody_waits_for_ever() {
    in_many_orders(|| {
        let (store, sessions) = sessions();
        let cookie = begin(&sessions);
        let request = sessions.open([cookie.as_bytes()]);
        let [one, two] = [(); 2].map(|()| request.handle().clone());
        let loading = thread::spawn(move || {
            block_on(async { one.load().await.map(|session| session.get::<u32>("n")) })
        });
        let leaving = thread::spawn(move || two.destroy());
        leaving
            .join()
            .expect("no task panics")
            .expect("the request is open");
        let read = loading
            .join()
            .expect("no task panics")
            .expect("the request is open");
        assert!(matches!(read, Ok(Some(0) | None)));
        let reply = block_on(commit(request)).expect("nothing fails");
        assert!(
            reply
                .set_cookie()
                .is_some_and(|cookie| cookie.contains("Max-Age=0"))
        );
        assert_eq!(n(&sessions, &cookie), None);
        assert_eq!(store.store.len(), 0);
    });
}

#[test]
fn no_change_of_requests_that_cross_is_lost_or_counted_twice() {
    in_many_orders(|| {
        let (_, sessions) = sessions();
        let cookie = begin(&sessions);
        let requests: Vec<_> = (0..3)
            .map(|_| {
                let (sessions, cookie) = (sessions.clone(), cookie.clone());
                thread::spawn(move || {
                    let request = sessions.open([cookie.as_bytes()]);
                    block_on(async {
                        let session = request.handle().load().await?;
                        session.update("n", |n: Option<u32>| n.unwrap_or_default() + 1)?;
                        // Two commits of one request, of which the second has nothing to do.
                        session.save().await?;
                        drop(session);
                        commit(request).await
                    })
                    .map(drop)
                })
            })
            .collect();
        for request in requests {
            request
                .join()
                .expect("no task panics")
                .expect("nothing fails");
        }
        assert_eq!(n(&sessions, &cookie), Some(3));
    });
}

#[test]
fn saves_of_one_session_at_once_count_each_change_once() {
    in_many_orders(|| {
        let (_, sessions) = sessions();
        let cookie = begin(&sessions);
        let request = sessions.open([cookie.as_bytes()]);
        let session = block_on(request.handle().load()).expect("nothing fails");
        let tasks: Vec<_> = (0..2)
            .map(|_| {
                let session = session.clone();
                thread::spawn(move || {
                    block_on(async {
                        session.update("n", |n: Option<u32>| n.unwrap_or_default() + 1)?;
                        session.save().await
                    })
                    .expect("nothing fails");
                })
            })
            .collect();
        for task in tasks {
            task.join().expect("no task panics");
        }
        assert_eq!(
            n(&sessions, &cookie),
            Some(2),
            "both are stored before the response"
        );
        let _ = block_on(commit(request)).expect("nothing fails");
        assert_eq!(n(&sessions, &cookie), Some(2));
    });
}
