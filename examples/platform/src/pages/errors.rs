//! Pages for what went wrong: each says what happened in plain words and what to do next.
//!
//! "Not found" has one text for an unknown host, an unknown tenant, another tenant's id and an
//! unknown page; it takes no brand, so that its bytes can depend on nothing.

use askama::Template;

use crate::words;

use super::frame::{Brand, asset_version};

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorPage {
    /// 404.
    NotFound,
    /// 401: not signed in, or the session ended. `next` is a path on this host.
    SignIn {
        /// Where to go after signing in.
        next: String,
    },
    /// 403: signed in, but not allowed.
    Forbidden,
    /// 403: the workspace is suspended.
    Suspended,
    /// 403: the form was too old or came from elsewhere.
    StaleForm,
    /// 403: the plan's limit is reached.
    LimitReached {
        /// Which limit, and what to do.
        text: String,
    },
    /// 403: the plan has not the feature.
    PlanRequired {
        /// The smallest plan that has it.
        plan: Option<String>,
    },
    /// 413.
    TooLarge {
        /// Largest accepted upload.
        max_megabytes: u64,
    },
    /// 422: what was sent cannot be used.
    Invalid {
        /// Everything that is wrong, one sentence each.
        problems: Vec<String>,
    },
    /// 429.
    TooMany {
        /// When to try again.
        retry_seconds: u64,
    },
    /// 500.
    Internal {
        /// What to quote when asking for help.
        request_id: Option<String>,
    },
    /// 503.
    Unavailable {
        /// When to try again.
        retry_seconds: u64,
    },
}

impl ErrorPage {
    /// The status of the answer.
    pub const fn status(&self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::SignIn { .. } => 401,
            Self::Forbidden
            | Self::Suspended
            | Self::StaleForm
            | Self::LimitReached { .. }
            | Self::PlanRequired { .. } => 403,
            Self::TooLarge { .. } => 413,
            Self::Invalid { .. } => 422,
            Self::TooMany { .. } => 429,
            Self::Internal { .. } => 500,
            Self::Unavailable { .. } => 503,
        }
    }

    /// The page, under a brand where one is known. A template that fails must not hide the error, so
    /// this always answers.
    pub fn render(&self, brand: Option<&Brand>) -> String {
        let brand = if *self == Self::NotFound { None } else { brand };
        let page = Page { error: self, brand, assets: asset_version() };
        page.render().unwrap_or_else(|_| format!("{}\n{}\n", self.title(), self.text()))
    }

    fn title(&self) -> String {
        if let Self::PlanRequired { plan: Some(plan) } = self {
            return format!("This feature requires {plan} plan");
        }
        self.fixed_title().to_owned()
    }

    const fn fixed_title(&self) -> &'static str {
        match self {
            Self::LimitReached { .. } => "Your plan's limit is reached",
            Self::PlanRequired { .. } => "This feature is not part of your plan",
            Self::NotFound => "There is nothing at this address",
            Self::SignIn { .. } => "Please sign in",
            Self::Forbidden => "Your role does not include this",
            Self::Suspended => "This workspace is suspended",
            Self::StaleForm => "This form is too old",
            Self::TooLarge { .. } => "This file is too large",
            Self::Invalid { .. } => "This cannot be used as it is",
            Self::TooMany { .. } => "That was a lot at once",
            Self::Internal { .. } => "Something broke on our side",
            Self::Unavailable { .. } => "We are not available right now",
        }
    }

    fn text(&self) -> String {
        match self {
            Self::LimitReached { text } => format!("{text} Nothing was stored."),
            Self::PlanRequired { .. } => "Access denied - check your subscription plan. \
                Everything you have made so far stays as it is."
                .to_owned(),
            Self::NotFound => "The page may have moved, or the address may have a typing error. \
                Check the address, or ask whoever sent you the link."
                .to_owned(),
            Self::SignIn { .. } => "You are not signed in, or your session has ended. \
                After signing in you come back to where you were."
                .to_owned(),
            Self::Forbidden => "You are signed in, but this needs a right that your role does not have. \
                An administrator of your workspace can change your role."
                .to_owned(),
            Self::Suspended => "Nobody can work in it at the moment. Your data is kept. \
                An administrator of your organisation can ask for it to be opened again."
                .to_owned(),
            Self::StaleForm => "The page was open for too long or you signed in again elsewhere. \
                Nothing was changed. Go back, load the page again and send the form once more."
                .to_owned(),
            Self::TooLarge { max_megabytes } => format!(
                "The most we accept is {max_megabytes}\u{a0}MB. Nothing was stored. \
                 Leave out columns you do not need, or upload weekly sums instead of daily rows."
            ),
            Self::Invalid { .. } => {
                "Nothing was stored. Correct what is listed here and send it again.".to_owned()
            }
            Self::TooMany { retry_seconds } => {
                format!("Please wait {} and try again.", words::duration(*retry_seconds))
            }
            Self::Internal { .. } => "It is not your fault, and it has been recorded. \
                Try again; if it happens once more, tell us what you did."
                .to_owned(),
            Self::Unavailable { retry_seconds } => format!(
                "We are starting up or doing maintenance. Your data is safe. Try again in {}.",
                words::duration(*retry_seconds)
            ),
        }
    }

    /// Address and words of the way out.
    fn action(&self) -> (String, &'static str) {
        match self {
            Self::SignIn { next } if next.starts_with('/') && !next.starts_with("//") => {
                (format!("/login?next={}", percent_encoded(next)), "Sign in")
            }
            Self::SignIn { .. } => ("/login".to_owned(), "Sign in"),
            Self::TooLarge { .. } | Self::Invalid { .. } => ("/data".to_owned(), "Back to your data"),
            Self::LimitReached { .. } | Self::PlanRequired { .. } => ("/usage".to_owned(), "Upgrade Now"),
            _ => ("/".to_owned(), "Go to the start page"),
        }
    }

    fn problems(&self) -> &[String] {
        if let Self::Invalid { problems } = self { problems } else { &[] }
    }

    fn reference(&self) -> Option<&str> {
        if let Self::Internal { request_id } = self { request_id.as_deref() } else { None }
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct Page<'a> {
    error: &'a ErrorPage,
    brand: Option<&'a Brand>,
    assets: String,
}

fn percent_encoded(path: &str) -> String {
    use std::fmt::Write as _;
    path.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing into a `String` cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_found_depends_on_nothing() {
        let brand = Brand {
            name: "Acme".into(),
            logo: Some("/brand/logo".into()),
            stylesheet: "/assets/accent-0b7a4b.css".into(),
            mark: true,
        };
        let page = ErrorPage::NotFound.render(Some(&brand));
        assert_eq!(page, ErrorPage::NotFound.render(None));
        assert!(!page.contains("Acme") && !page.contains("/brand") && !page.contains("accent"));
    }

    #[test]
    fn a_way_back_stays_on_this_host() {
        for next in ["//evil.example", "https://evil.example", ""] {
            assert_eq!(ErrorPage::SignIn { next: next.into() }.action().0, "/login", "{next:?}");
        }
        let next = ErrorPage::SignIn { next: "/runs/1?a=b&c".into() };
        assert_eq!(next.action().0, "/login?next=/runs/1%3Fa%3Db%26c");
    }
}
