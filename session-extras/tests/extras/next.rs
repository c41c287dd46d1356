use session_extras::Next;

#[test]
fn a_path_of_this_site_stays_as_it_is() {
    let good = [
        "/",
        "/orders",
        "/orders/7?page=2&sort=a-b",
        "/a%20b",
        "/files/a%2Fb",
        "/search?q=%C3%BC",
        "/x#part",
        "/login?next=%2Forders",
        "/go?to=https://other.example/",
        "/~ada/@me/a:b,c;d=1!$*()+",
        "/a?b=//c",
    ];
    for path in good {
        assert_eq!(Next::from_untrusted(path).as_str(), path);
        assert_eq!(Next::from_untrusted(path).to_string(), path);
    }
}

#[test]
fn what_could_lead_elsewhere_becomes_the_front_page() {
    let long = format!("/{}", "a".repeat(2_000));
    let bad = [
        // Another host or scheme.
        "//evil.example",
        "///evil.example",
        "https://evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "evil.example",
        "@evil.example",
        "",
        " /a",
        "?a",
        "#a",
        "./a",
        "../a",
        // Browsers read a backslash as a slash.
        "/\\evil.example",
        "\\/evil.example",
        "\\\\evil.example",
        "/a\\b",
        "/\\/evil.example",
        // Browsers drop tabs and line ends.
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r\n/evil.example",
        "\t//evil.example",
        "/a\r\nset-cookie: a=b",
        "/a\0",
        "/a\u{7f}",
        // The same, once more decoded by a proxy or by the application.
        "/%2fevil.example",
        "/%2Fevil.example",
        "/%5cevil.example",
        "/%5C%5Cevil.example",
        "/%09/evil.example",
        "/%0d%0aset-cookie:a=b",
        "/%252fevil.example",
        "/%25252fevil.example",
        "/%255cevil.example",
        "/%2525252525252541",
        "/a?b=%0d%0ac",
        "/%00",
        // A path that becomes one of those when its dots are resolved.
        "/.//evil.example",
        "/..//evil.example",
        "/a/..//evil.example",
        "/%2e%2e%2f%2fevil.example",
        "/a//b",
        // What no path is written with.
        "/<script>",
        "/a b",
        "/\"onclick=",
        "/'x",
        "/bücher",
        "/\u{2028}",
        "/\u{ff0f}evil.example",
        "/{a}",
        "/a|b",
        "/`",
        "/%ff",
        &*long,
    ];
    for text in bad {
        assert_eq!(Next::from_untrusted(text), Next::default(), "{text:?}");
    }
}

#[test]
fn the_way_to_the_login_page_and_back_keeps_the_path() {
    let next = Next::from_untrusted("/orders?page=2&q=%C3%BC");
    let login = next.after("/login?lang=de");
    assert_eq!(
        login,
        "/login?lang=de&next=%2Forders%3Fpage%3D2%26q%3D%25C3%25BC"
    );
    let sent = login.split_once("next=").unwrap().1;
    let received = percent_encoding::percent_decode_str(sent)
        .decode_utf8()
        .unwrap();
    assert_eq!(Next::from(received), next);
}

#[test]
fn a_field_of_a_form_is_read_as_untrusted() {
    let read = |json: &str| serde_json::from_str::<Next>(json).unwrap();
    assert_eq!(read(r#""/orders""#).as_str(), "/orders");
    assert_eq!(read(r#""\/\/evil.example""#).as_str(), "/");
}
