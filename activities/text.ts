import { z } from 'zod';

/**
 * A character that can be seen. The others are spaces, controls, and what Unicode lets a font draw nothing for: zero
 * width and direction marks, Hangul fillers, variation selectors. The empty Braille pattern U+2800 counts as a symbol
 * there, but is as blank as a space.
 */
export const VISIBLE = /[^\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{Noncharacter_Code_Point}\p{Default_Ignorable_Code_Point}\u2800]/u;

/**
 * A mandatory text for people: at least one character that can be seen, and at most `max` characters after surrounding
 * white space is removed.
 */
export const text = (max: number) => z.string().regex(VISIBLE, 'must not be blank').trim().max(max);

/**
 * The same where a contract also carries what was stored earlier, as an order's address is read and shipped to months
 * later: any character that is not white space will do. The gateway requires `text` of what is new.
 */
export const storedText = (max: number) => z.string().regex(/\S/, 'must not be blank').trim().max(max);
