use crate::browser::{ADA, Browser};

fn recipe() -> Browser {
    Browser::new(cookbook::login::app().unwrap())
}

#[tokio::test]
async fn a_login_leads_back_to_the_page_that_asked_for_it() {
    let mut ada = recipe();
    let asked = ada.get("/orders?page=2").await;
    assert_eq!(
        (asked.status, asked.location()),
        (303, "/login?next=%2Forders%3Fpage%3D2")
    );
    let form = ada.get(asked.location()).await;
    assert!(
        form.text.contains(r#"name="next" value="/orders?page=2""#),
        "{}",
        form.text
    );
    let planted = ada.clone();

    let wrong = ada.post("/login", "name=ada&password=battery+staple").await;
    assert_eq!(wrong.status, 401);
    assert_eq!(
        ada.post("/login", "name=eve&password=correct+horse")
            .await
            .status,
        401
    );
    let right = "name=ada&password=correct+horse&next=%2Forders%3Fpage%3D2";
    let done = ada.post("/login", right).await;
    assert_eq!((done.status, done.location()), (303, "/orders?page=2"));
    assert_eq!(ada.get("/orders").await.text, "ada's orders");
    assert_eq!(
        planted.clone().get("/orders").await.status,
        303,
        "the id from before opens nothing"
    );

    let elsewhere = "name=ada&password=correct+horse&next=%2F%2Fevil.example";
    assert_eq!(ada.post("/login", elsewhere).await.location(), "/");
    ada.post("/logout", "").await;
    assert_eq!(ada.get("/orders").await.status, 303);
}

#[tokio::test]
async fn a_login_that_another_site_sends_is_refused_and_an_old_browsers_has_a_token() {
    let mut ada = recipe();
    let right = "name=ada&password=correct+horse";
    ada.headers = [("sec-fetch-site", "cross-site")].into();
    assert_eq!(ada.post("/login", right).await.status, 403);
    ada.headers.clear();
    assert_eq!(ada.post("/login", right).await.status, 403);
    let token = ada.get("/login").await.token();
    assert_eq!(
        ada.post("/login", &format!("csrf_token={token}&{right}"))
            .await
            .status,
        303
    );
    assert_eq!(ada.get("/orders").await.text, "ada's orders");
}

#[tokio::test]
async fn the_box_decides_how_long_a_session_lives() {
    let mut ada = Browser::new(cookbook::remember_me::app().unwrap());
    let done = ada.post("/login", ADA).await;
    assert!(
        !done.set_cookie().contains("Max-Age"),
        "{}",
        done.set_cookie()
    );
    assert_eq!(ada.get("/").await.text, "until the browser closes");
    let mut bob = ada.other();
    let done = bob.post("/login", &format!("{ADA}&remember=on")).await;
    assert!(
        done.set_cookie().contains("Max-Age=2592000"),
        "{}",
        done.set_cookie()
    );
    assert_eq!(bob.get("/").await.text, "30 days");
}

#[tokio::test]
async fn devices_are_listed_by_name_and_ended() {
    let mut laptop = Browser::new(cookbook::everywhere::app().unwrap());
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";
    laptop.headers.insert("user-agent", firefox);
    let mut others = [laptop.other(), laptop.other(), laptop.other()];
    laptop.post("/login", ADA).await;
    for other in &mut others {
        other.post("/login", ADA).await;
    }
    let list = laptop.get("/devices").await.text;
    assert_eq!(list.lines().count(), 4);
    assert!(list.contains("Firefox on Linux (this one)"), "{list}");

    let foreign = list
        .lines()
        .find(|line| line.contains("unknown device"))
        .unwrap();
    let path = format!("/devices/{}", foreign.split(' ').next().unwrap());
    assert_eq!(laptop.send("DELETE", &path, "", "").await.status, 204);
    assert_eq!(laptop.send("DELETE", &path, "", "").await.status, 404);
    assert_eq!(laptop.post("/logout-others", "").await.text, "2 ended");
    assert_eq!(laptop.get("/devices").await.text.lines().count(), 1);
    assert_eq!(others[0].get("/devices").await.status, 303);
    assert_eq!(laptop.post("/logout-everywhere", "").await.text, "1 ended");
    assert_eq!(laptop.get("/devices").await.status, 303);
}
