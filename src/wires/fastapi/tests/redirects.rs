//! One slash too many or too few.

use super::original;

#[test]
fn sends_to_the_right_path_with_the_query() {
    let service = original();
    for (method, target, location) in [
        ("GET", "/users", "http://h:1/users/"),
        ("POST", "/users?user_id=9&name=A&age=3", "http://h:1/users/?user_id=9&name=A&age=3"),
        ("GET", "/users/123/", "http://h:1/users/123"),
        ("PUT", "/users/123/?name=a+b&age=%31", "http://h:1/users/123?name=a+b&age=%31"),
        ("DELETE", "/users/123/", "http://h:1/users/123"),
        ("PATCH", "/users", "http://h:1/users/"),
        ("OPTIONS", "/users", "http://h:1/users/"),
        ("HEAD", "/users", "http://h:1/users/"),
        ("GET", "/health/", "http://h:1/health"),
        ("GET", "/docs/", "http://h:1/docs"),
        ("GET", "/redoc/", "http://h:1/redoc"),
        ("GET", "/docs/oauth2-redirect/", "http://h:1/docs/oauth2-redirect"),
        ("GET", "/openapi.json/", "http://h:1/openapi.json"),
        ("GET", "/users/1//", "http://h:1/users/1"),
        ("GET", "/users/a%20b/?x=%20y", "http://h:1/users/a%20b?x=%20y"),
        ("GET", "/users/%C3%A9/", "http://h:1/users/%C3%A9"),
        ("GET", "/users/a%2Bb/?x=%2B%20y", "http://h:1/users/a+b?x=%2B%20y"),
        ("GET", "/users/%41%25%2541/", "http://h:1/users/A%%41"),
        ("GET", "/users/%3F%23%22%0A%00/", "http://h:1/users/%3F%23%22%0A%00"),
        ("GET", "/users/%FF/", "http://h:1/users/%EF%BF%BD"),
        ("GET", "/users/1%2F/", "http://h:1/users/1"),
        ("GET", "/users?a=`\\\"<>^{|}", "http://h:1/users/?a=%60%5C%22%3C%3E%5E%7B%7C%7D"),
        ("PROPFIND", "/users", "http://h:1/users/"),
        ("TRACE", "/users/1/", "http://h:1/users/1"),
        ("GET", "/users?", "http://h:1/users/"),
        ("GET", "/users??", "http://h:1/users/??"),
    ] {
        let seen = service.ask(method, target);
        assert_eq!((seen.status, seen.body.as_str()), (307, ""), "{method} {target}");
        assert!(seen.head.starts_with("HTTP/1.1 307 Temporary Redirect\r\n"));
        assert_eq!(seen.header("location"), Some(location), "{method} {target}");
        assert_eq!(seen.header("content-length"), Some("0"), "{method} {target}");
    }
    assert_eq!(service.store.len(), 0, "a redirect creates nothing");
}

#[test]
fn names_the_host_that_the_client_named_or_connected_to() {
    let service = original();
    let own = format!("http://{}/users/", service.server.address());
    for (headers, location) in [
        ("Host: api:8000\r\nX-Forwarded-Proto: https\r\n", "https://api:8000/users/"),
        ("Host: api:8000\r\nX-Forwarded-Proto:  https \r\n", "https://api:8000/users/"),
        ("Host: api\r\nX-Forwarded-Proto: http\r\n", "http://api/users/"),
        ("Host: api\r\nX-Forwarded-Proto: ftp\r\n", "http://api/users/"),
        ("Host: api\r\nX-Forwarded-Proto: https,http\r\n", "http://api/users/"),
        ("Host: [::1]:8000\r\n", "http://[::1]:8000/users/"),
        ("", own.as_str()),
        ("Host: \r\n", own.as_str()),
        ("Host: a b\r\n", own.as_str()),
        ("Host: a\"<x>/%\r\n", own.as_str()),
    ] {
        let seen = service.client().ask(format!("GET /users HTTP/1.1\r\n{headers}\r\n"));
        assert_eq!((seen.status, seen.header("location")), (307, Some(location)), "{headers}");
    }
    let seen = service.client().ask("GET /users HTTP/1.0\r\n\r\n");
    assert_eq!((seen.status, seen.header("location")), (307, Some(own.as_str())));
}
