//! The system calls while a web application runs.

use coldspark_emulator::confine::List;
use coldspark_emulator::script::{self, Call, Step};

use super::{end, freeze, hold, list, list_of};
use crate::common::function::{event, limit, runner};
use crate::common::process;
use crate::common::web::{self, Web};

/// With what only a web application needs.
fn list_with_web() -> List {
    List([list().0, list_of("layer-web").0].concat())
}

#[test]
#[ignore = "needs the static binary: run scripts/test"]
fn web_applications_live_within_their_list() {
    let list = list_with_web();
    for variable in [
        ("AWS_LWA_ENABLE_COMPRESSION", "true"),
        ("AWS_LWA_INVOKE_MODE", "response_stream"),
    ] {
        let mut web = start_web(&list, &[variable], [web::text("ready")]);
        lives_in_the_web(&mut web);
        end(&mut web.function, &list);
    }
    let variables = [
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start"),
        ("AWS_LWA_SNAPSTART_AFTER_RESTORE_PATH", "/after"),
    ];
    let steps = ["ready", "done", "ready again"].map(web::text);
    let mut web = start_web(&list, &variables, steps);
    let restored = Step::from(script::status(200));
    web.function.api.push(restored.only(Call::RestoreNext));
    web.app.push(web::text("answer"));
    let first = event("first", web::get("/").to_string());
    web.function.api.push(first);
    web.function.api.push(script::status(202));
    let posted = web.function.api.wait_for(3, limit());
    assert!(
        posted[2].text().contains("answer"),
        "{}",
        web.function.log()
    );
    end(&mut web.function, &list);
}

/// The bootstrap is started by itself.
#[test]
#[ignore = "needs the static binary: run scripts/test"]
fn a_web_application_behind_a_proxy_lives_within_its_list() {
    if runner().is_some() {
        return coldspark_emulator::skipped("the bootstrap runs by another program");
    }
    let list = list_with_web();
    let mut web = Web::run(web::PROCESS, &[], [web::text("ready")], |command| {
        web::behind_proxy(command, "");
        hold(command, &list);
    });
    lives_in_the_web(&mut web);
    end(&mut web.function, &list);
}

/// What a web application needs beside the layer's list, a filter may refuse with an error.
#[test]
fn a_web_application_starts_where_its_calls_are_refused() {
    if runner().is_some() {
        coldspark_emulator::left_to_another_form("qemu's own calls would be refused");
        return;
    }
    let refused = [
        libc::SYS_sched_setscheduler,
        libc::SYS_sched_getscheduler,
        libc::SYS_getsockname,
    ];
    let mut web = Web::run(web::PROCESS, &[], [web::text("ready")], |command| {
        process::refuse_with(command, &refused, libc::EPERM);
    });
    lives_in_the_web(&mut web);
}

/// Starts a web application with these answers under the list.
fn start_web(
    list: &List,
    variables: &[(&str, &str)],
    steps: impl IntoIterator<Item = impl Into<Step>>,
) -> Web {
    Web::run(web::PROCESS, variables, steps, |command| {
        hold(command, list);
    })
}

/// Small and large answers, a connection that is lost, a freeze, and an application that dies.
#[track_caller]
fn lives_in_the_web(web: &mut Web) {
    for body in ["small".to_owned(), "x".repeat(3 * 1024 * 1024)] {
        let step = web::text(&body);
        let posted = web.ask(&web::get("/"), step);
        assert!(posted.text().contains(&body[..5]), "{}", web.function.log());
    }
    web.app.push(Step::close_after_request());
    let posted = web.ask(&web::get("/"), web::text("again"));
    assert!(posted.text().contains("again"), "{}", web.function.log());
    freeze(&web.function);
    web.die();
    web.app.push(web::text("ready"));
    let posted = web.ask(&web::get("/"), web::text("anew"));
    assert!(posted.text().contains("anew"), "{}", web.function.log());
}
