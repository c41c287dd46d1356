//! A browser visits, visits again and logs out.
#![allow(clippy::unwrap_used)]

use pollster::block_on;
use session_testkit::http::{Client, Program, Server};

const PROGRAM: &str = env!("CARGO_BIN_EXE_hello-hyper");

async fn visits_are_counted_until_the_logout(program: &Program) {
    let client = Client::new(program.start(&[]).await.unwrap());
    let visit = async |said| {
        let answer = client.get("/").await.unwrap();
        assert_eq!((answer.status(), &*answer.text()), (200, said));
        assert_eq!(answer.list("vary"), ["cookie"]);
        answer
    };
    let first = visit("visit 1\n").await;
    assert_eq!(first.set_cookies().len(), 1);
    assert_eq!(first.list("cache-control"), ["private"]);
    let second = visit("visit 2\n").await;
    assert!(second.set_cookies().is_empty());

    let thief = client.copy();
    let logout = client.post("/logout", "").await.unwrap();
    assert_eq!(logout.status(), 200);
    assert!(logout.set_cookies()[0].is_removal());
    assert_eq!(client.cookie_header(), "");
    assert_eq!(thief.get("/").await.unwrap().text(), "visit 1\n");
    visit("visit 1\n").await;

    let nowhere = client.get("/nowhere").await.unwrap();
    assert_eq!(nowhere.status(), 404);
    assert!(nowhere.list("vary").is_empty());
}

#[test]
fn in_memory() {
    block_on(visits_are_counted_until_the_logout(&Program::new(
        PROGRAM,
        ["127.0.0.1:0"],
    )));
}

#[test]
fn in_a_file_that_a_second_server_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let program = || Program::new(PROGRAM, ["127.0.0.1:0", path.to_str().unwrap()]);
    block_on(async {
        let first = program();
        visits_are_counted_until_the_logout(&first).await;
        let client = Client::new(first.start(&[]).await.unwrap());
        client.get("/").await.unwrap();
        let cookie = client.cookie_header();
        drop((client, first));

        let again = Client::new(program().start(&[]).await.unwrap());
        let request = session_testkit::http::Request::new("GET", "/");
        let answer = again.send(request.header("cookie", cookie)).await.unwrap();
        assert_eq!(answer.text(), "visit 2\n");
    });
}
