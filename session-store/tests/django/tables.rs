//! The table: made, missing, or another one.

use std::error::Error;
use std::time::Duration;

use session_core::{Command, Store as _};
use session_store::{DjangoOptions, DjangoStore};
use session_testkit::{moment_at, record_of};

use super::site::{KEY, Site, key_of, keys, load};

async fn refusal(site: &Site, options: DjangoOptions) -> String {
    let opened = DjangoStore::open_with(&site.url(), &keys(), options).await;
    opened.unwrap_err().to_string()
}

pub async fn the_table_that_is_made_is_djangos(site: &Site) {
    let store = site.open().await;
    store.check().await.unwrap();
    // A second node, without the right to make anything.
    DjangoStore::open(&site.url(), &keys()).await.unwrap();
    assert_eq!(site.described().await, site.djangos_description());
}

pub async fn a_missing_table_is_named_with_the_remedy(site: &Site) {
    let text = refusal(site, DjangoOptions::new()).await;
    assert!(text.contains("manage.py migrate"), "{text}");
    site.open().await;
    DjangoStore::open(&site.url(), &keys()).await.unwrap();
}

pub async fn a_table_that_is_not_djangos_is_refused(site: &Site) {
    for columns in [
        "id int",
        "session_key varchar(40) NOT NULL PRIMARY KEY, session_data int NOT NULL",
        "session_key varchar(40) NOT NULL, session_data varchar(9) NOT NULL, expire_date date",
        "session_key varchar(40) NOT NULL PRIMARY KEY, session_data TEXT NOT NULL, expire_date MOMENT",
    ] {
        let columns = site.of_types(columns);
        site.run(&format!("CREATE TABLE django_session ({columns})"))
            .await;
        for options in [DjangoOptions::new(), DjangoOptions::new().create(true)] {
            let text = refusal(site, options).await;
            assert!(text.contains("is not Django's table of sessions"), "{text}");
        }
        site.run("DROP TABLE django_session").await;
    }
}

pub async fn a_model_of_the_sites_own_may_have_more_columns(site: &Site) {
    site.open().await.close().await;
    site.run("ALTER TABLE django_session ADD COLUMN account_id int")
        .await;
    let store = site.open().await;
    site.run("ALTER TABLE django_session RENAME TO shop_session")
        .await;
    drop(store);
    let options = DjangoOptions::new().table("shop_session");
    let store = DjangoStore::open_with(&site.url(), &keys(), options)
        .await
        .unwrap();
    assert_eq!(load(&store, KEY, 0).await, None);
}

pub async fn options_that_cannot_be_meant_are_refused(site: &Site) {
    let options = DjangoOptions::new;
    for (options, says) in [
        (options().table("a b"), "can't name a table"),
        (
            options().table("shop_session").create(true),
            "create: only a table of the name",
        ),
        (options().timeout(Duration::ZERO), "timeout: must be"),
        (
            options().sweep_every(Duration::ZERO),
            "sweep_every: must be",
        ),
    ] {
        let text = refusal(site, options).await;
        assert!(text.contains(says), "{text}");
    }
    let unknown = DjangoStore::open("oracle://ada:hunter2@host/app", &keys()).await;
    let text = unknown.unwrap_err().to_string();
    assert!(text.contains("must begin with sqlite:"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

pub async fn an_error_shows_no_session_key(site: &Site) {
    let store = site.open().await;
    for trap in site.traps() {
        site.run(trap).await;
        let (key, record) = (&key_of(KEY), &record_of(1));
        let insert = Command::Insert { key, record };
        let error = store.write(insert, moment_at(0)).await.unwrap_err();
        let mut next: Option<&dyn Error> = Some(&error);
        while let Some(cause) = next {
            let shown = format!("{cause} {cause:?}");
            assert!(!shown.contains(KEY), "{shown}");
            next = cause.source();
        }
    }
}
