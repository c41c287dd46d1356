use super::*;

#[test]
fn nothing_is_read_that_python_does_not_read() {
    for good in [
        "{}",
        " {\t} \r\n",
        r#"{"a":[],"b":{},"c":[{}],"":[[1,"x"],{"y":null}]}"#,
        r#"{"a" : true , "b":false,"a":-0,"c":-0.0e-0,"d":1E+5}"#,
        r#"{"a":-Infinity,"b":[NaN,Infinity]}"#,
        r#"{"\ud800":"\udfff\"\\\/\b\f\n\r\t","é":"漢"}"#,
        "{\"a\":\"\u{7f}\"}",
    ] {
        assert_eq!(check_json(good), Ok(()), "{good}");
    }
    for bad in [
        "",
        " ",
        "{",
        "}",
        "{}{}",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        "{,}",
        r#"{"a":1 "b":2}"#,
        "{a:1}",
        "{'a':1}",
        r#"{"a":[1,]}"#,
        r#"{"a":[,1]}"#,
        r#"{"a":[1}"#,
        r#"{"a":{"b":1]}"#,
        r#"{"a":{"b"}}"#,
        r#"{"a":{"b":1,}}"#,
        r#"{"a":01}"#,
        r#"{"a":-}"#,
        r#"{"a":1.}"#,
        r#"{"a":.5}"#,
        r#"{"a":1e}"#,
        r#"{"a":1e+}"#,
        r#"{"a":+1}"#,
        r#"{"a":-NaN}"#,
        r#"{"a":nan}"#,
        r#"{"a":infinity}"#,
        r#"{"a":Infinit}"#,
        r#"{"a":TRUE}"#,
        r#"{"a":0x10}"#,
        r#"{"a":1_000}"#,
        r#"{"a":"\x41"}"#,
        r#"{"a":"\u12"}"#,
        r#"{"a":"\u12g4"}"#,
        r#"{"a":"\u"#,
        r#"{"a":"\"#,
        r#"{"a":"x"#,
        "{\"a\":\"\t\"}",
        "{\"a\":\"\u{1f}\"}",
        "{\"a\":1}\u{a0}",
        "\u{feff}{}",
        "{}\0",
        "[1",
        "/**/{}",
    ] {
        assert_eq!(check_json(bad), Err(TokenError::Json), "{bad}");
    }
    for other in ["[]", "1", " null ", "\"x\"", "NaN", "[{}]", "-1.5"] {
        assert_eq!(check_json(other), Err(TokenError::NotAnObject), "{other}");
    }
}

#[test]
fn depth_and_integers_have_pythons_limits_and_floats_none() {
    let nested = |levels: usize| {
        // The object itself is a level.
        let (open, close) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
        format!("{{\"a\":{open}{close}}}")
    };
    assert_eq!(check_json(&nested(MAX_DEPTH)), Ok(()));
    assert_eq!(check_json(&nested(MAX_DEPTH + 1)), Err(TokenError::Json));
    assert_eq!(check_json(&nested(1_000_000)), Err(TokenError::Json));
    for sign in ["", "-"] {
        let number = |digits| format!("{{\"a\":{sign}{}}}", "9".repeat(digits));
        assert_eq!(check_json(&number(4_300)), Ok(()));
        assert_eq!(check_json(&number(4_301)), Err(TokenError::Json));
    }
    let long = "9".repeat(5_000);
    let floats = format!("{{\"a\":{long}.0,\"b\":0.{long},\"c\":1e{long}}}");
    assert_eq!(check_json(&floats), Ok(()));
}

#[test]
fn members_are_told_with_their_places() {
    let text = r#" { "a" : [NaN] ,"b":"x"}"#;
    let mut found = Vec::new();
    let tell = |member: Member| {
        found.push((&text[member.name], &text[member.value], member.is_strict));
    };
    members(text.as_bytes(), tell).unwrap();
    assert_eq!(found, [("a", "[NaN]", false), ("b", "\"x\"", true)]);
    assert_eq!(is_strict_value(b"[1]"), Some(true));
    assert_eq!(is_strict_value(b"NaN"), Some(false));
    assert_eq!(is_strict_value(b"NaN x"), None);
}
