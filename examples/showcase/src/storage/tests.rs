use super::*;

#[test]
fn every_store_of_the_contract_is_known_or_says_what_to_add() {
    assert_eq!(Storage::parse("memory"), Ok(Storage::Memory));
    assert_eq!(
        Storage::parse("sqlite:a.db"),
        Ok(Storage::Sqlite("a.db".into()))
    );
    assert_eq!(
        Storage::parse("sqlite:///x/a.db"),
        Ok(Storage::Sqlite("/x/a.db".into()))
    );
    for (url, feature, is_in) in [
        ("postgres://h/db", "postgres", cfg!(feature = "postgres")),
        ("postgresql://h/db", "postgres", cfg!(feature = "postgres")),
        ("mysql://h/db", "mysql", cfg!(feature = "mysql")),
        ("mariadb://h/db", "mysql", cfg!(feature = "mysql")),
        ("cached+memory", "cached", cfg!(feature = "cached")),
        ("cached+sqlite:a.db", "cached", cfg!(feature = "cached")),
        ("redis://h", "redis", cfg!(feature = "redis")),
        ("rediss://h", "redis", cfg!(feature = "redis")),
        ("redis-cluster://h:1,h:2", "redis", cfg!(feature = "redis")),
        ("redis-sentinel://h:1/m", "redis", cfg!(feature = "redis")),
        ("sealed:", "sealed", cfg!(feature = "sealed")),
        ("django+sqlite:x", "django", cfg!(feature = "django")),
    ] {
        if is_in {
            assert!(Storage::parse(url).is_ok(), "{url}");
            continue;
        }
        let message = Storage::parse(url).unwrap_err();
        assert!(
            message.contains(&format!("--features {feature}")),
            "{message}"
        );
    }
    let message = Storage::parse("oracle://h").unwrap_err();
    for store in Storage::built() {
        assert!(message.contains(store), "{message}");
    }
    assert!(message.contains("django+") || !cfg!(feature = "django"));
    for bad in [
        "",
        "sqlite:",
        "file:x",
        "memory:x",
        "mongodb://x",
        "cached+",
        "cached+file:x",
        "cached+sealed:",
        "sealed:x",
        "django+",
        "django+memory",
        "django+sqlite:",
        "django+redis://h",
        "django+django+sqlite:x",
    ] {
        assert!(Storage::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn messages_repeat_no_password() {
    for (text, clean) in [
        ("no url", "no url"),
        ("'postgres://a:b@h/d' for", "'postgres://…@h/d' for"),
        ("'x://a:b@c@h' and y://h", "'x://…@h' and y://h"),
    ] {
        assert_eq!(without_passwords(text), clean);
    }
}
