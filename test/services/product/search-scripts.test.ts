import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ProductRequests } from '../../../activities/product.ts';
import { createProductCache } from '../../../services/product/cache.ts';
import type { ProductDatabase } from '../../../services/product/database.ts';
import { createProductRequests } from '../../../services/product/requests.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

const FORMS = ['NFC', 'NFD', 'NFKC', 'NFKD'] as const;

/** What a product's name is found by, and what it is not. */
const NAMES: { name: string; foundBy: string[]; notBy?: string[] }[] = [
  { name: 'हिन्दी किताब', foundBy: ['हिन्दी', 'किताब', 'किता', 'किताब हिन्दी'], notBy: ['हन्द', 'हिन्दू', 'न्दी', 'कताब'] },
  { name: 'தமிழ் புத்தகம்', foundBy: ['தமிழ்', 'புத்தகம்', 'தமி'], notBy: ['தமழ்', 'பத்தகம்'] },
  { name: 'বাংলা বই', foundBy: ['বাংলা', 'বই'], notBy: ['বংল'] },
  { name: 'สมุดภาษาไทย', foundBy: ['สมุด', 'ภาษา', 'ไทย', 'ภาษาไทย'], notBy: ['สมด', 'ไทยภาษา'] },
  { name: 'សៀវភៅខ្មែរ', foundBy: ['សៀវភៅ', 'ខ្មែរ'], notBy: ['ខមរ'] },
  { name: 'שָׁלוֹם עֲלֵיכֶם', foundBy: ['שלום', 'שָׁלוֹם', 'עליכם'], notBy: ['שלם'] },
  { name: 'ספר עברי', foundBy: ['סֵפֶר', 'עִבְרִי'] },
  { name: 'كِتَابٌ عَرَبِيّ', foundBy: ['كتاب', 'عربي', 'كـتـاب', 'کتاب'], notBy: ['كتب'] },
  { name: 'أهلاً مكتبة', foundBy: ['اهلا', 'مكتبه'] },
  { name: 'می‌خواهم ۱۲', foundBy: ['میخواهم', 'مي‌خواهم', '12', '١٢'] },
  { name: 'Café crème brûlée', foundBy: ['cafe', 'CAFÉ', 'creme brulee', 'Cafe\u0301', 'brû'], notBy: ['caff'] },
  { name: 'Straße Müller', foundBy: ['strasse', 'STRASSE', 'Straẞe', 'muller', 'straß'] },
  { name: 'Smørrebrød Łódź æbler cœur þorn', foundBy: ['smorrebrod', 'lodz', 'aebler', 'coeur', 'thorn', 'ŁÓDŹ'] },
  { name: 'İstanbul ılık', foundBy: ['istanbul', 'ISTANBUL', 'ilik', 'ILIK', 'ılık'] },
  { name: 'Phở bò Đà Nẵng', foundBy: ['pho bo', 'da nang', 'phở'] },
  { name: 'Ελληνικός καφές', foundBy: ['ελληνικος', 'ΚΑΦΕΣ', 'καφέσ'] },
  { name: 'Ёлка зелёная', foundBy: ['елка', 'ЗЕЛЕНАЯ', 'ёлка'] },
  { name: '東京タワー模型', foundBy: ['東京', '京タ', 'タワー', '模型', '東京タワー'], notBy: ['京東', 'ワタ'] },
  { name: 'ガラス コップ', foundBy: ['ｶﾞﾗｽ', 'ガラス', 'コップ'], notBy: ['カラス', 'コッフ'] },
  { name: 'USBケーブル２ｍ', foundBy: ['usb', 'ケーブル', 'USBケーブル', '2m'], notBy: ['sbケ'] },
  { name: '한국어 책', foundBy: ['한국', '한국어', '책'], notBy: ['국어'] },
  { name: 'ＦＵＬＬ ｗｉｄｔｈ １２３', foundBy: ['full width 123', 'Ｆｕｌｌ'] },
  { name: 'Tea 🍵 for two 👍🏽', foundBy: ['🍵', 'tea🍵', '👍', '👍🏿'], notBy: ['🎄'] },
  { name: '🎄', foundBy: ['🎄', '🎄️'] },
  { name: 'soft\u00adhyphen zero\u200bwidth', foundBy: ['softhyphen', 'zero width', 'width'], notBy: ['hyphen'] },
];

// One letter of each, with the marks that may follow it. Upper case only where it and back changes no letter.
const OPTIONAL_MARKS = [
  ['aeiounszcyàéîõüñšžçÿAEIOUÉÑ'.split(''), ['\u0301', '\u0308', '\u0327']],
  ['αειουωήίόύώάΑΒΓ'.split(''), ['\u0301', '\u0308']],
  ['абвгдежйкёїщАБЁ'.split(''), ['\u0301', '\u0308']],
  ['אבגדהושתםן'.split(''), ['\u05b8', '\u05bc', '\u05c1', '\u0591']],
  ['ابتجدرسكلمنيأؤ'.split(''), ['\u064e', '\u0651', '\u064b', '\u0670', '\u0640']],
] as const;
const OTHER_SCRIPTS = [
  ['क', 'ख', 'ङ', 'हि', 'न्दी', 'कु', 'क़', 'अं', 'स्त्र'],
  ['த', 'மி', 'ழ்', 'பு', 'கொ', 'ஔ'],
  ['ব', 'কো', 'ং', 'ক্ষ', 'য়'],
  ['ก', 'ำ', 'สี', 'ไ', 'ที่'],
  ['ខ្មែ', 'ក', 'ភៅ'],
  ['မြ', 'န်', 'မာ'],
  ['東', '京', '々', 'タ', 'ガ', 'ワ', 'ー', 'ぱ', 'ﾎﾟ', '㍿', '𠮷'],
  ['한', '국', '어', 'ㄱ', '가\u11a8'],
  ['ა', 'ბ', 'გ'],
  ['ሀ', 'ለ', 'መ'],
  ['བོ', 'ད་', 'ཡིག'],
  ['🍵', '☃️', '👩‍🚀', '🇩🇪', '1️⃣'],
  ['ﬁ', '½', '①', 'Ⅻ', '㎏', 'ﷺ', 'ß', 'ø', 'ı'],
] as const;

/** Marks that a customer may leave out; written as ranges, to check the search's own way to tell them. */
const withoutOptionalMarks = (text: string) =>
  text
    .normalize('NFD')
    .replace(/[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u065f\u0670]/gu, '');

const marked = fc.constantFrom(...OPTIONAL_MARKS).chain(([letters, marks]) =>
  fc.array(
    fc.tuple(fc.constantFrom(...letters), fc.subarray([...marks])).map(([letter, some]) => letter + some.join('')),
    { minLength: 1, maxLength: 6 },
  ),
);
const signs = fc
  .constantFrom(...OTHER_SCRIPTS)
  .chain((set) => fc.array(fc.constantFrom(...set), { minLength: 1, maxLength: 6 }));
const nameOf = (word: fc.Arbitrary<string[]>) =>
  fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.map((parts) => parts.join('')));
const form = fc.constantFrom(...FORMS);

describe('product search in every script', function () {
  this.timeout(60_000);
  let database: FreshDatabase<ProductDatabase>;
  let products: ProductRequests;
  let count = 0;

  before(async () => {
    database = await freshDatabase<ProductDatabase>('product');
    products = createProductRequests(database.db, createProductCache());
  });
  after(() => database.drop());
  beforeEach(() => database.db.deleteFrom('products').execute());

  async function add(name: string): Promise<string> {
    const sku = `S-${(count += 1)}`;
    await products.createProduct({ sku, name, price: { amountMinor: 100, currency: 'GBP' } });
    return sku;
  }
  const finds = async (query: string, sku: string) =>
    (await products.listProducts({ query, limit: 100 })).items.some((product) => product.sku === sku);

  for (const { name, foundBy, notBy = [] } of NAMES) {
    it(`finds ${name}`, async () => {
      for (const stored of FORMS) {
        const sku = await add(name.normalize(stored));
        for (const query of [name, ...foundBy]) {
          for (const typed of ['NFC', 'NFD'] as const) {
            assert.ok(await finds(query.normalize(typed), sku), `${query} in ${typed}, stored in ${stored}`);
          }
        }
        for (const query of notBy) assert.ok(!(await finds(query, sku)), query);
      }
    });
  }

  it('finds every product by its name in any normal form, and by each of its words', async () => {
    const words = nameOf(fc.oneof(marked, signs));
    await fc.assert(
      fc.asyncProperty(words, form, form, async (name, stored, typed) => {
        const sku = await add(name.join(' ').normalize(stored));
        for (const query of [name.join(' '), ...name]) assert.ok(await finds(query.normalize(typed), sku), query);
      }),
      { numRuns: 150 },
    );
  });

  it('finds every product with and without optional marks, in capitals, and by the beginnings of words', async () => {
    await fc.assert(
      fc.asyncProperty(nameOf(marked), form, async (name, typed) => {
        const bare = withoutOptionalMarks(name.join(' '));
        const beginnings = bare.split(' ').map((word) => word.slice(0, Math.ceil(word.length / 2)));
        const [sku, bareSku] = [await add(name.join(' ').normalize(typed)), await add(bare)];
        for (const query of [bare, bare.toUpperCase(), beginnings.join(' '), name.join(' ').normalize(typed)]) {
          if (!query.trim()) continue;
          assert.ok(await finds(query, sku), query);
          assert.ok(await finds(query, bareSku), query);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('finds any part of a name in a script without spaces', async () => {
    const run = fc.array(fc.constantFrom(...'東京都大阪府タワガのをー模型'.split('')), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(run, fc.nat(), fc.nat(), async (signsOfRun, one, other) => {
        const [start, end] = [one % signsOfRun.length, other % signsOfRun.length].toSorted((a, b) => a - b);
        const sku = await add(`Model ${signsOfRun.join('')}2`);
        const part = signsOfRun.slice(start, end! + 1).join('');
        assert.ok(await finds(part, sku), part);
      }),
      { numRuns: 100 },
    );
  });

  it('finds a product whatever characters its name has, if any of them is a letter, digit or picture', async () => {
    const anything = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).filter((name) => !name.includes('\0'));
    await fc.assert(
      fc.asyncProperty(anything, form, async (name, typed) => {
        if (!/[\p{L}\p{Nd}]/u.test(name)) return;
        const sku = await add(name);
        assert.ok(await finds(name.normalize(typed), sku), JSON.stringify(name));
      }),
      { numRuns: 200 },
    );
  });

  it('counts words that are longer than PostgreSQL’s terms by their beginning', async () => {
    for (const character of ['x', '한', '東']) {
      const sku = await add('Long');
      // PostgreSQL stores a term's length in eleven bits.
      await products.updateProduct({ sku, description: character.repeat(2048) });
      assert.ok(await finds(character.repeat(180), sku), character);
      assert.ok(await finds(character, sku), character);
    }
  });
});
