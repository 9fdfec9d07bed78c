// Arithmetic on double precision that gives the same on every engine: IEEE 754, but null where a divisor is zero or a
// function has no value. Operands that an expression repeats must be short: a column, or a few symbols.

import { type Sql, sql } from '../../engine/sql.ts'

/** The greatest finite double; NaN and Infinity compare as greater on both engines. */
const GREATEST = sql`'1.7976931348623157e308'::double precision`
const INFINITE = sql`'Infinity'::double precision`
/** Between these magnitudes products and quotients of two neither overflow nor vanish. */
const SMALL = sql`'1e-150'::double precision`
const LARGE = sql`'1e150'::double precision`
/** Natural logarithms of the greatest and of the least positive double. */
const LOG_GREATEST = sql`'709.78'::double precision`
const LOG_LEAST = sql`'-745'::double precision`

/** A result as it is answered: null in place of NaN and Infinity. */
export const finite = (x: Sql): Sql => sql`case when abs(${x}) <= ${GREATEST} then ${x} end`

export const quotient = (a: Sql, b: Sql): Sql => sql`${a} / nullif(${b}, 0)`

/** The remainder with the sign of `a`; `q` is a / b. Null where the quotient is too large to have one. */
export const remainder = (a: Sql, b: Sql, q: Sql): Sql =>
  sql`case when abs(${q}) < 9007199254740992 then ${a} - ${b} * trunc(${q}) end`

/** Half away from zero; PostgreSQL's own rounds half to even. */
export const rounded = (x: Sql): Sql =>
  sql`case when abs(${x} - trunc(${x})) >= 0.5 then trunc(${x}) + sign(${x}) else trunc(${x}) end`

export const root = (x: Sql): Sql => sql`case when ${x} >= 0 then sqrt(${x}) end`
export const naturalLog = (x: Sql): Sql => sql`case when ${x} > 0 then ln(${x}) end`
export const decimalLog = (x: Sql): Sql => sql`case when ${x} > 0 then log10(${x}) end`

/** Null for a negative power of zero and for a broken power of a negative number; 0 below 1e-308. */
export const power = (a: Sql, b: Sql): Sql => sql`case
  when ${a} is null or ${b} is null then null
  when ${a} = 0 and ${b} < 0 then null
  when ${a} < 0 and ${b} <> floor(${b}) then null
  when abs(${a}) in (0, 1) or ${beyond(a)} or ${beyond(b)} or abs(${b}) < ${SMALL} then power(${a}, ${b})
  when abs(${b}) <= ${LARGE} and abs(${b} * ln(abs(${a}))) < ${LOG_GREATEST} then power(${a}, ${b})
  when (abs(${a}) < 1) = (${b} > 0) then 0
  when ${a} < 0 and ${b} / 2 <> floor(${b} / 2) then -${INFINITE}
  else ${INFINITE} end`

/** The following stand in for plain operators where these raise an error at the ends of the doubles. */
export const safeExponential = (x: Sql): Sql =>
  sql`case when ${x} > ${LOG_GREATEST} then ${INFINITE} when ${x} < ${LOG_LEAST} then 0 else exp(${x}) end`

export const safeSum = (a: Sql, b: Sql): Sql => sql`case
  when ${beyond(a)} or ${beyond(b)} then ${a} + ${b}
  when ${a} > ${GREATEST} - greatest(${b}, 0) then ${INFINITE}
  when ${a} < -${GREATEST} - least(${b}, 0) then -${INFINITE}
  else ${a} + ${b} end`

export const safeProduct = (a: Sql, b: Sql): Sql => sql`case
  when ${ordinary(a)} and ${ordinary(b)} then ${a} * ${b}
  when ${a} = 0 or ${b} = 0 or ${beyond(a)} or ${beyond(b)} then ${a} * ${b}
  when ln(abs(${a})) + ln(abs(${b})) > ${LOG_GREATEST} then sign(${a}) * sign(${b}) * ${INFINITE}
  when ln(abs(${a})) + ln(abs(${b})) < ${LOG_LEAST} then 0
  else ${a} * ${b} end`

export const safeQuotient = (a: Sql, b: Sql): Sql => sql`case
  when ${b} = 0 then null
  when ${ordinary(a)} and ${ordinary(b)} then ${a} / ${b}
  when ${a} = 0 or ${beyond(a)} or ${beyond(b)} then ${a} / ${b}
  when ln(abs(${a})) - ln(abs(${b})) > ${LOG_GREATEST} then sign(${a}) * sign(${b}) * ${INFINITE}
  when ln(abs(${a})) - ln(abs(${b})) < ${LOG_LEAST} then 0
  else ${a} / ${b} end`

function beyond(x: Sql): Sql {
  return sql`abs(${x}) > ${GREATEST}`
}

function ordinary(x: Sql): Sql {
  return sql`(abs(${x}) between ${SMALL} and ${LARGE} or ${x} = 0)`
}
