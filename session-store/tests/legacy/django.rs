use std::sync::Arc;

use session_core::django::{Auth, SecretKeys, User};
use session_core::{Cursor, LegacyCookie, Policy, Sessions, Store};
use session_store::{DjangoOptions, DjangoStore, Legacy, MemoryStore};

#[tokio::test]
async fn sessions_of_a_django_site_are_adopted() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("db.sqlite3").display());
    let keys = SecretKeys::new("vY7k#0(c!m2w&x9^q4z$e8r*t5y@u1i-o3p_a6s)d+f=g7h8j9k0").unwrap();
    let options = DjangoOptions::new().create(true);
    let table = DjangoStore::open_with(&url, &keys, options).await.unwrap();
    // A row of Django's form: the store's own tests compare it with real Django.
    let theirs = Sessions::new(Policy::django(), table.clone());
    let request = theirs.open([]);
    let session = request.handle().load().await.unwrap();
    let user = User::new("7", "pbkdf2_sha256$1$salt$hash");
    Auth::new(&keys).login(&session, &user).unwrap();
    session.insert("name", "grüße").unwrap();
    let cookie = request
        .commit(200)
        .await
        .unwrap()
        .set_cookie()
        .unwrap()
        .to_owned();
    let cookie = cookie.split(';').next().unwrap().to_owned();

    let new: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let old = Legacy::django(table.clone(), Arc::clone(&new))
        .await
        .unwrap();
    let sessions = Sessions::shared(Policy::default(), new);
    let cookies = LegacyCookie::new("sessionid");
    let sessions = sessions.adopting(cookies, Arc::new(old.clone()));
    let request = sessions.open([cookie.as_bytes()]);
    let session = request.handle().load().await.unwrap();
    assert_eq!(session.owner().as_deref(), Some("7"));
    assert_eq!(session.get("name").unwrap(), Some("grüße".to_owned()));
    assert!(session.get::<String>("_auth_user_hash").unwrap().is_some());
    let ours = request
        .commit(200)
        .await
        .unwrap()
        .set_cookie()
        .unwrap()
        .to_owned();
    assert!(ours.starts_with("__Host-session="));
    // Django has it no more.
    let request = theirs.open([cookie.as_bytes()]);
    assert_eq!(request.handle().load().await.unwrap().owner(), None);
    let pass = old
        .adopt_batch(&sessions, &Cursor::default(), 10)
        .await
        .unwrap();
    assert_eq!((pass.met, pass.next), (0, None));
    assert_eq!(sessions.devices("7").await.unwrap().len(), 1);
}
