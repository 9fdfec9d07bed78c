import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { splitStatements } from './statements.ts'

describe('splitting a file into statements', () => {
  const cases: [string, string, string[]][] = [
    ['one after the other', 'select 1; select 2;', ['select 1', 'select 2']],
    ['the last without a semicolon', 'select 1;\nselect 2\n', ['select 1', 'select 2']],
    ['nothing', ' \n;; -- only words; here\n /* and; here */ ', []],
    ['a semicolon in a line comment', 'select 1 -- a; b\n, 2;', ['select 1 -- a; b\n, 2']],
    ['a quote in a comment', "-- it's\nselect 1; select 2", ["-- it's\nselect 1", 'select 2']],
    ['comments within comments', '/* a /* ; */ ; */ select 1;', ['/* a /* ; */ ; */ select 1']],
    ['a semicolon in text', "select 'a;''b;' ; select 2", ["select 'a;''b;'", 'select 2']],
    ['text that ends with a quote', "select 'a'''; select 2", ["select 'a'''", 'select 2']],
    ['empty text', "select ''; select 2", ["select ''", 'select 2']],
    [
      'a semicolon and dashes in a name',
      'select 1 as "a;--""b"; select 2',
      ['select 1 as "a;--""b"', 'select 2'],
    ],
    ['dollar quotes', 'do $x$ begin; $$ end; $x$; select 2', ['do $x$ begin; $$ end; $x$', 'select 2']],
    [
      'the body of a trigger',
      'create trigger a before delete on b begin select 1; select 2; end; select 3',
      ['create trigger a before delete on b begin select 1; select 2; end', 'select 3'],
    ],
    ['a dollar in a name', 'select a$b$c; select 2', ['select a$b$c', 'select 2']],
  ]
  for (const [name, text, expected] of cases) {
    test(name, () => assert.deepEqual(splitStatements(text), expected))
  }

  test('refuses what is not closed', () => {
    for (const text of ["select 'a", 'select "a', '/* a', 'do $$ a']) {
      assert.throws(() => splitStatements(text), /is not closed/)
    }
  })
})
