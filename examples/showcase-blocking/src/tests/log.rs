//! What clients and outages leave in the log.

use session_testkit::Log;

use super::*;

#[test]
fn what_clients_cause_is_neither_an_error_nor_a_warning_in_the_log() {
    let flags = ["--store", "memory", "--insecure"];
    let app = pollster::block_on(showcase::prepare("blocking", &flags)).unwrap();
    let faulty = FaultyStore::new(ModelStore::new());
    let store = BlockingStore::new(Arc::new(faulty.clone())).unwrap();
    let door = Door::to(app, store);
    let cookie = door.visitor();
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(move || writer.clone());
    // Requests are answered on this thread, whose log it is.
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    let ask = |line: &str, body: &str| {
        let head = format!("{line} HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\n\r\n");
        let head = Head::read(&mut head.as_bytes()).unwrap();
        door.site.respond(&head, body.as_bytes()).status()
    };
    let large = format!("{:?}", "x".repeat(1_100_000));
    for (line, body, status) in [
        ("GET /nowhere", "", 404),
        ("POST /api/reauthenticate", "", 401),
        ("GET /api/devices", "", 401),
        ("PUT /api/data/k", &*large, 413),
        ("PUT /api/data/k", "no JSON", 400),
        ("POST /api/data/text/increment", "", 200),
        ("PUT /api/lifetime", r#"{"seconds":-1}"#, 400),
        ("POST /api/login", r#"{"user":""}"#, 400),
    ] {
        assert_eq!(ask(line, body), status, "{line}");
        assert_eq!(log.take(), "", "{line}");
    }
    faulty.go_down();
    assert_eq!(ask("GET /api/session", ""), 503);
    assert!(log.take().contains("ERROR"));
    assert_eq!(ask("GET /api/calm", ""), 200);
    let told = log.take();
    let told: Vec<&str> = told.lines().collect();
    assert!(
        matches!(told[..], [line] if line.contains("WARN")),
        "{told:?}"
    );
}
