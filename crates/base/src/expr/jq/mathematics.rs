//! Functions of real numbers. All take constant time, which jq's Bessel functions do not.

use jaq_core::native::{Fun, bome, run, v};
use jaq_core::{Cv, ValR, ValXs};
use jaq_std::ValT as _;

use super::super::value::Value;
use super::engine::Values;

type Result<'a> = ValXs<'a, Value>;

fn real(value: &Value) -> std::result::Result<f64, jaq_core::Error<Value>> {
    value.as_f64().ok_or_else(|| jaq_core::Error::typ(value.clone(), "number"))
}

fn one<'a>(cv: &Cv<'a, Values>, function: fn(f64) -> f64) -> Result<'a> {
    bome(real(&cv.1).map(|number| Value::from(function(number))))
}

fn two(mut cv: Cv<'_, Values>, function: fn(f64, f64) -> f64) -> Result<'_> {
    let right = cv.0.pop_var();
    let left = cv.0.pop_var();
    let result = || -> ValR<Value> { Ok(function(real(&left)?, real(&right)?).into()) };
    bome(result())
}

pub(super) fn all() -> Vec<Fun<Values>> {
    vec![
        run(("acos", v(0), |cv| one(&cv, f64::acos))),
        run(("asin", v(0), |cv| one(&cv, f64::asin))),
        run(("atan", v(0), |cv| one(&cv, f64::atan))),
        run(("cbrt", v(0), |cv| one(&cv, f64::cbrt))),
        run(("cos", v(0), |cv| one(&cv, f64::cos))),
        run(("cosh", v(0), |cv| one(&cv, f64::cosh))),
        run(("exp", v(0), |cv| one(&cv, f64::exp))),
        run(("exp10", v(0), |cv| one(&cv, |number| 10_f64.powf(number)))),
        run(("exp2", v(0), |cv| one(&cv, f64::exp2))),
        run(("fabs", v(0), |cv| one(&cv, f64::abs))),
        run(("log", v(0), |cv| one(&cv, f64::ln))),
        run(("log10", v(0), |cv| one(&cv, f64::log10))),
        run(("log2", v(0), |cv| one(&cv, f64::log2))),
        run(("sin", v(0), |cv| one(&cv, f64::sin))),
        run(("sinh", v(0), |cv| one(&cv, f64::sinh))),
        run(("sqrt", v(0), |cv| one(&cv, f64::sqrt))),
        run(("tan", v(0), |cv| one(&cv, f64::tan))),
        run(("tanh", v(0), |cv| one(&cv, f64::tanh))),
        run(("trunc", v(0), |cv| one(&cv, f64::trunc))),
        run(("atan2", v(2), |cv| two(cv, f64::atan2))),
        run(("fmax", v(2), |cv| two(cv, f64::max))),
        run(("fmin", v(2), |cv| two(cv, f64::min))),
        run(("fmod", v(2), |cv| two(cv, |left, right| left % right))),
        run(("hypot", v(2), |cv| two(cv, f64::hypot))),
        run(("pow", v(2), |cv| two(cv, f64::powf))),
    ]
}
