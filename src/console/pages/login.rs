//! 登录: name, password, and the code where there is one.

use maud::{Markup, html};

use super::frame::document;
use crate::console::App;

/// `told`: why they were not let in; empty at first.
pub(in crate::console) fn login(app: &App, form_token: &str, told: &str) -> Markup {
    let login = &app.texts.login;
    let body = html! {
        form .card .login method="post" action="/login" {
            h1 { (login.title) }
            @if !told.is_empty() { p .bad role="alert" { (told) } }
            input type="hidden" name="form_token" value=(form_token);
            label for="name" { (login.name) }
            input #name name="name" required autofocus autocomplete="username" maxlength="32"
                autocapitalize="none" spellcheck="false";
            label for="password" { (login.password) }
            input #password type="password" name="password" required autocomplete="current-password"
                maxlength="256";
            label for="code" { (login.code) }
            input #code name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="7"
                pattern="[0-9 ]*" aria-describedby="code-help";
            p #code-help .hint { (login.code_help) }
            button .main type="submit" { (login.enter) }
            p .hint { (login.help) }
        }
    };
    let header = html! { header .top { span .brand { (app.texts.page.site) } } };
    document(app, None, &app.texts.page.login, header, body)
}
