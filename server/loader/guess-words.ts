// What columns are called that hold a field of ours, in English and German. Pure.

import { withoutUnit } from './guess-units.ts'

const TIME_WORDS =
  'ts time timestamp datetime date zeit datum zeitstempel zeitpunkt uhrzeit datumzeit datumuhrzeit messzeit messzeitpunkt measuredat measuredon measurementtime recordedat readat readtime observedat utc timeutc utctime localtime epoch eventtime sampletime periodstart von beginn start'
const SIGNAL_WORDS =
  'signalid signal signalname tag tagname tagid point pointid pointname datapoint sensor sensorid channel channelid kanal kanalid messstelle messpunkt messreihe signalnummer signalnr variable series seriesid'
const ASSET_WORDS =
  'assetid asset component componentid device deviceid equipment equipmentid station stationid substation substationid anlage anlagenid anlageid geraet geraetid betriebsmittel komponente site siteid meter meterid zaehler zaehlerid machine machineid maschine node transformer line switch'
const QUANTITY_WORDS =
  'quantity type kind measure metric parameter measurand messgroesse groesse art typ field property physicalquantity'
const NAME_WORDS =
  'name title label description descri bezeichnung beschreibung titel displayname benennung langtext'

/** Words of each field by target, as `wordOf` writes them. */
export const FIELD_WORDS = {
  measurements: {
    measured_at: listOf(TIME_WORDS),
    signal_id: listOf(SIGNAL_WORDS),
    asset_id: listOf(ASSET_WORDS),
    quantity: listOf(QUANTITY_WORDS),
    value: listOf('value wert messwert measurementvalue reading val istwert zahlenwert amount betrag y'),
  },
  signals: {
    id: listOf(`id ${SIGNAL_WORDS}`.replace('signalname tag tagname', 'tag')),
    asset_id: listOf(ASSET_WORDS),
    name: listOf(`signalname tagname ${NAME_WORDS}`),
    quantity: listOf(QUANTITY_WORDS),
    unit: listOf('unit units einheit masseinheit uom engunit engineeringunit'),
  },
  assets: {
    id: listOf(`id key code nummer nr number kennung uid ${ASSET_WORDS}`),
    type: listOf('type assettype kind typ art klasse class category kategorie'),
    name: listOf(`assetname ${NAME_WORDS}`),
    parent_id: listOf(
      'parent parentid substation station site standort container belongsto gehoertzu uebergeordnet',
    ),
    latitude: listOf('latitude lat breite breitengrad geobreite'),
    longitude: listOf('longitude lon lng long laenge laengengrad geolaenge'),
  },
}

const EVERY_WORD = new Set(Object.values(FIELD_WORDS).flatMap((fields) => Object.values(fields).flat()))

/** Whether columns of any field are called so. */
export const isFieldWord = (name: string) => EVERY_WORD.has(wordOf(name))

/** A prefix shorter than this is no abbreviation of a word. */
const LEAST_PREFIX = 5

function listOf(words: string): string[] {
  return words.split(' ')
}

const LETTERS: Record<string, string> = { ä: 'ae', ö: 'oe', ü: 'ue', ß: 'ss' }

/** A name without unit, marks and letter case: `Measurement_Value [kV]` is `measurementvalue`. */
export function wordOf(name: string): string {
  return withoutUnit(name)
    .toLowerCase()
    .replace(/[äöüß]/g, (letter) => LETTERS[letter] ?? letter)
    .normalize('NFKD')
    .replace(/[^a-z0-9]/g, '')
}

/** Its words, each as `wordOf` writes it: `MeasurementValue` is `measurement`, `value`. */
export function wordsOf(name: string): string[] {
  return withoutUnit(name)
    .split(/[^\p{L}\p{N}]+|(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u)
    .map(wordOf)
    .filter((word) => word !== '')
}

/** How well a column's name fits words of a field: 0.9 for one of them, less for a part or a beginning of one. */
export function scoreName(name: string, words: string[]): number {
  const whole = wordOf(name)
  if (whole === '') return 0
  if (words.includes(whole)) return 0.9
  const parts = wordsOf(name)
  // In a path the last key names the column, in a name the last word does.
  const endings = [wordOf(name.split('.').at(-1) ?? ''), parts.slice(-2).join(''), parts.at(-1) ?? '']
  if (endings.some((ending) => ending.length > 1 && words.includes(ending))) return 0.7
  if (whole.length >= LEAST_PREFIX && words.some((word) => word.startsWith(whole))) return 0.7
  return 0
}
