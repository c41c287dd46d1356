//! A settings file: the assignments to the settings of sessions, and nothing else of it.

use super::Settings;
use super::error::SettingsError;
use super::literal::Literal;
use super::python::{self, Line, Token};

impl Settings {
    /// Reads the text of a `settings.py`; see [`read`](Self::read).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        Self::default().read(text)
    }

    /// Reads the assignments of a `settings.py`, without running it.
    ///
    /// A value is a literal: a string, `True`, `False`, `None`, an integer or a product of them as `5 * 60`,
    /// or a list of strings. Of several assignments the last counts. What was set in code before is not read,
    /// whatever the text has; so a key from the environment is no obstacle. Other names are ignored, and
    /// so is what the text imports or runs by `exec`.
    ///
    /// ```
    /// use session_core::django::Settings;
    ///
    /// let settings = Settings::default().secret_key("from the environment").read(
    ///     r#"
    /// SECRET_KEY = os.environ["SECRET_KEY"]
    /// SESSION_EXPIRE_AT_BROWSER_CLOSE = True
    /// SESSION_COOKIE_AGE = 5 * 60  # seconds
    /// "#,
    /// )?;
    /// assert_eq!(settings.cookie_age().as_secs(), 300);
    ///
    /// let error = Settings::parse("SESSION_COOKIE_AGE = timedelta(weeks=2)").unwrap_err();
    /// assert!(error.to_string().starts_with("line 1: SESSION_COOKIE_AGE is not assigned a literal"));
    /// # Ok::<(), session_core::django::SettingsError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// One of these settings has another value, or is assigned under a condition. The line and the setting are named.
    pub fn read(mut self, text: &str) -> Result<Self, SettingsError> {
        let in_code = std::mem::take(&mut self.in_code);
        // As Python reads a file, also within its strings.
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let lines = python::lines(&text).map_err(|line| SettingsError::Unterminated { line })?;
        for line in &lines {
            let Some(assignment) = Assignment::of(line, &in_code)? else {
                continue;
            };
            let Assignment { setting, value } = assignment;
            if let Err(expected) = self.assign(setting, value) {
                let line = line.number;
                return Err(SettingsError::Type {
                    line,
                    setting,
                    expected,
                });
            }
        }
        self.in_code = in_code;
        Ok(self)
    }

    /// Sets one by its name, or says what it has to be.
    fn assign(&mut self, setting: &str, value: Literal) -> Result<(), &'static str> {
        match setting {
            "CSRF_USE_SESSIONS" => self.csrf_use_sessions = value.is_truthy(),
            "SECRET_KEY" => self.secret_key = key(value)?,
            "SECRET_KEY_FALLBACKS" => self.secret_key_fallbacks = keys(value)?,
            "SESSION_CACHE_ALIAS" => self.cache_alias = text(value)?,
            "SESSION_COOKIE_AGE" => self.cookie_age = seconds(&value)?,
            "SESSION_COOKIE_DOMAIN" => self.cookie_domain = optional(value)?,
            "SESSION_COOKIE_HTTPONLY" => self.cookie_http_only = value.is_truthy(),
            "SESSION_COOKIE_NAME" => self.cookie_name = text(value)?,
            "SESSION_COOKIE_PATH" => self.cookie_path = text(value)?,
            "SESSION_COOKIE_SAMESITE" => {
                self.cookie_same_site = match value {
                    Literal::Bool(false) => None,
                    value => optional(value)?,
                }
            }
            "SESSION_COOKIE_SECURE" => self.cookie_secure = value.is_truthy(),
            "SESSION_ENGINE" => self.engine = text(value)?,
            "SESSION_EXPIRE_AT_BROWSER_CLOSE" => {
                self.expire_at_browser_close = value.is_truthy();
            }
            "SESSION_FILE_PATH" => self.file_path = optional(value)?,
            "SESSION_SAVE_EVERY_REQUEST" => self.save_every_request = value.is_truthy(),
            "SESSION_SERIALIZER" => self.serializer = text(value)?,
            "TIME_ZONE" => self.time_zone = text(value)?,
            "USE_TZ" => self.use_tz = value.is_truthy(),
            _ => {}
        }
        Ok(())
    }
}

struct Assignment {
    setting: &'static str,
    value: Literal,
}

impl Assignment {
    /// Finds the assignment on a line; `None` if the line is about something else.
    fn of(line: &Line<'_>, in_code: &[&str]) -> Result<Option<Self>, SettingsError> {
        let known = |token: &Token<'_>| {
            let name = match token {
                Token::Name(name) => name,
                // As in `globals()["USE_TZ"]`.
                Token::Text(Some(text)) => &**text,
                _ => return None,
            };
            let known = NAMES.iter().find(|known| **known == name);
            known.filter(|known| !in_code.contains(known)).copied()
        };
        let number = line.number;
        let conditional = |setting| SettingsError::Conditional {
            line: number,
            setting,
        };
        let computed = |setting| SettingsError::Computed {
            line: number,
            setting,
        };
        let tokens = &*line.tokens;
        let Some(setting) = tokens.first().and_then(known) else {
            let is_import = matches!(tokens, [Token::Name("from" | "import"), ..]);
            return match hidden(tokens).into_iter().find_map(known) {
                Some(setting) => Err(conditional(setting)),
                None if is_import => match tokens.iter().find_map(known) {
                    Some(setting) => Err(computed(setting)),
                    None => Ok(None),
                },
                None => Ok(None),
            };
        };
        // A type may stand between the name and the sign.
        let sign = match &tokens[1..] {
            [Token::Operator('='), ..] => Some(1),
            [Token::Operator(':'), ..] => places_of_signs(tokens).next(),
            _ => None,
        };
        let Some(sign) = sign else {
            return Err(computed(setting));
        };
        if line.is_indented {
            return Err(conditional(setting));
        }
        match Literal::read(&tokens[sign + 1..]) {
            Some(value) => Ok(Some(Self { setting, value })),
            None => Err(computed(setting)),
        }
    }
}

/// Returns what a line assigns otherwise than at its beginning.
fn hidden<'a, 'b>(tokens: &'b [Token<'a>]) -> Vec<&'b Token<'a>> {
    let mut hidden: Vec<&Token<'a>> = places_of_signs(tokens)
        .flat_map(|sign| targets(&tokens[..sign]))
        .collect();
    for (place, token) in tokens.iter().enumerate() {
        let before = tokens[..place].last();
        let is_named = matches!(
            before,
            Some(Token::Name("as" | "class" | "def" | "del" | "for"))
        );
        let after = &tokens[place + 1..];
        // `**=` is two tokens.
        let is_changed = matches!(
            after,
            [Token::Changing, ..] | [Token::Operator(_), Token::Changing, ..]
        );
        // As a list that is appended to.
        let is_called = matches!(
            after,
            [
                Token::Operator('.'),
                Token::Name(_),
                Token::Operator('('),
                ..
            ]
        );
        if is_named || is_changed || is_called {
            hidden.push(token);
        }
    }
    let is_scope = |token: &Token<'_>| matches!(token, Token::Name("globals" | "locals" | "vars"));
    if tokens.iter().any(is_scope) {
        hidden.extend(tokens);
    }
    hidden
}

/// Returns the names on an assignment's left side: also in brackets, but not the indexes behind a name.
fn targets<'a, 'b>(left: &'b [Token<'a>]) -> Vec<&'b Token<'a>> {
    let (mut targets, mut brackets) = (Vec::new(), Vec::new());
    let mut before: Option<&Token<'_>> = None;
    for token in left {
        match token {
            Token::Operator('(' | '[' | '{') => brackets.push(matches!(
                before,
                Some(Token::Name(_) | Token::Text(_) | Token::Operator(')' | ']'))
            )),
            Token::Operator(')' | ']' | '}') => drop(brackets.pop()),
            // Another statement began behind it.
            Token::Operator(':' | ';') if brackets.is_empty() => targets.clear(),
            Token::Name(_) if !brackets.contains(&true) => targets.push(token),
            _ => {}
        }
        before = Some(token);
    }
    targets
}

/// Returns where a `=` stands outside of brackets.
fn places_of_signs(tokens: &[Token<'_>]) -> impl Iterator<Item = usize> {
    let mut depth = 0_i32;
    tokens.iter().enumerate().filter_map(move |(place, token)| {
        match token {
            Token::Operator('(' | '[' | '{') => depth += 1,
            Token::Operator(')' | ']' | '}') => depth -= 1,
            Token::Operator('=') if depth == 0 => return Some(place),
            _ => {}
        }
        None
    })
}

fn text(value: Literal) -> Result<String, &'static str> {
    match value {
        Literal::Text(text) => Ok(text),
        _ => Err("a string"),
    }
}

/// Nothing, `None` and an empty string are the same.
fn optional(value: Literal) -> Result<Option<String>, &'static str> {
    match value {
        Literal::None => Ok(None),
        Literal::Text(text) => Ok(Some(text).filter(|text| !text.is_empty())),
        _ => Err("a string or None"),
    }
}

fn seconds(value: &Literal) -> Result<u64, &'static str> {
    match value {
        Literal::Number(number) => u64::try_from(*number).map_err(|_| "zero or more seconds"),
        _ => Err("a whole number of seconds"),
    }
}

fn key(value: Literal) -> Result<Vec<u8>, &'static str> {
    match value {
        Literal::Text(text) => Ok(text.into_bytes()),
        Literal::Bytes(bytes) => Ok(bytes),
        _ => Err("a string"),
    }
}

fn keys(value: Literal) -> Result<Vec<Vec<u8>>, &'static str> {
    match value {
        Literal::List(items) => items.into_iter().map(key).collect(),
        _ => Err("a list of strings"),
    }
}

/// The names that are ours.
const NAMES: [&str; 18] = [
    "CSRF_USE_SESSIONS",
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "SESSION_CACHE_ALIAS",
    "SESSION_COOKIE_AGE",
    "SESSION_COOKIE_DOMAIN",
    "SESSION_COOKIE_HTTPONLY",
    "SESSION_COOKIE_NAME",
    "SESSION_COOKIE_PATH",
    "SESSION_COOKIE_SAMESITE",
    "SESSION_COOKIE_SECURE",
    "SESSION_ENGINE",
    "SESSION_EXPIRE_AT_BROWSER_CLOSE",
    "SESSION_FILE_PATH",
    "SESSION_SAVE_EVERY_REQUEST",
    "SESSION_SERIALIZER",
    "TIME_ZONE",
    "USE_TZ",
];
