use super::reply::{Headers, values};

/// Keeps a response out of every shared cache, because it has our cookie.
pub(super) fn keep_private(headers: &mut impl Headers) {
    let present = values(headers, "cache-control");
    if !is_private(&present) {
        headers.replace("cache-control", merged(&present).into());
    }
    for name in targeted(headers) {
        // Without its own field, a cache reads `Cache-Control`.
        if !is_private(&values(headers, &name)) {
            headers.remove(&name);
        }
    }
}

/// Keeps a response out of every cache, because it has a bearer's token, which no header marks as a secret, or what only
/// its owner may see.
pub(super) fn keep_out(headers: &mut impl Headers) {
    keep_out_by(headers, "no-store");
}

/// Keeps a response with our cookie out of every cache. (Old ones know `private` alone.)
pub(super) fn keep_cookie_out(headers: &mut impl Headers) {
    keep_out_by(headers, "no-store, private");
}

fn keep_out_by(headers: &mut impl Headers, how: &'static str) {
    for name in targeted(headers) {
        headers.remove(&name);
    }
    headers.replace("cache-control", how.into());
}

/// Returns the names of fields for some caches alone.
fn targeted(headers: &impl Headers) -> Vec<String> {
    let mut targeted = Vec::new();
    headers.each(&mut |name, _| {
        if is_targeted(name) {
            targeted.push(name.to_owned());
        }
    });
    targeted
}

/// Says whether a field tells caches what to do.
pub(super) fn is_about_caching(name: &str) -> bool {
    name.eq_ignore_ascii_case("cache-control") || is_targeted(name)
}

/// Says whether a field is `Cache-Control` for some caches alone, which then overrules it.
fn is_targeted(name: &str) -> bool {
    // RFC 9213 reserves the ending; the others are older.
    let ending = name.len().checked_sub(ENDING.len());
    let ending = ending.and_then(|start| name.get(start..));
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case(ENDING))
        || OLDER.iter().any(|older| name.eq_ignore_ascii_case(older))
}

const ENDING: &str = "-cache-control";
const OLDER: [&str; 3] = ["edge-control", "surrogate-control", "x-accel-expires"];

/// Says whether shared caches are kept out already.
///
/// A cache that knows `must-understand` ignores `no-store` beside it. (RFC 9111, 5.2.2.3.)
fn is_private(present: &[String]) -> bool {
    let has = |name| {
        let mut directives = present.iter().flat_map(|value| directives(value));
        directives.any(|directive| is(directive, name))
    };
    has("private") || (has("no-store") && !has("must-understand"))
}

/// Returns the directives that may stay, and `private`.
///
/// `private="…"` keeps single fields private, and the rest is stored.
fn merged(present: &[String]) -> String {
    let directives = present.iter().flat_map(|value| directives(value));
    let mut merged: Vec<&str> = directives
        .filter(|directive| {
            let name = directive.split('=').next().unwrap_or_default().trim();
            !["private", "public", "s-maxage"]
                .iter()
                .any(|loose| is(name, loose))
        })
        .collect();
    merged.push("private");
    merged.join(", ")
}

fn is(directive: &str, name: &str) -> bool {
    directive.eq_ignore_ascii_case(name)
}

/// Splits a value at commas that are not quoted. What begins a quotation and does not end it is left
/// out, because everything after it would be in it. (RFC 9110, 5.6.1 and 5.6.4.)
fn directives(value: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(value);
    let split = std::iter::from_fn(move || {
        let text = rest?;
        let (mut is_quoted, mut is_escaped) = (false, false);
        let end = text.find(|char| {
            let ends = char == ',' && !is_quoted;
            is_quoted ^= char == '"' && !is_escaped;
            is_escaped = is_quoted && char == '\\' && !is_escaped;
            ends
        });
        rest = end.map(|end| &text[end + 1..]);
        let directive = end.map_or(text, |end| &text[..end]);
        Some(if is_quoted { "" } else { directive.trim() })
    });
    split.filter(|directive| !directive.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_in_quotes_is_no_end() {
        for (value, expected) in [
            ("a, b=1 ,, C", &["a", "b=1", "C"][..]),
            (r#"x="a, public, b", c"#, &[r#"x="a, public, b""#, "c"]),
            (r#"x="\", private", c"#, &[r#"x="\", private""#, "c"]),
            (r#"x="\\", private"#, &[r#"x="\\""#, "private"]),
            (r#"x=\", a", b"#, &[r#"x=\", a""#, "b"]),
            (r#"a, x="open, private"#, &["a"]),
            ("", &[]),
        ] {
            assert!(directives(value).eq(expected.iter().copied()), "{value}");
        }
    }
}
