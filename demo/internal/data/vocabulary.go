package data

import (
	"cmp"
	"strings"
)

// A vocabulary is what people say who give the same rating.
type vocabulary struct {
	openings, details, endings []string
}

// body says one to three sentences.
func (v vocabulary) body(d *dice) string {
	sentences := []string{pick(d, v.openings), pick(d, v.details), pick(d, v.endings)}
	return strings.Join(sentences[:cmp.Or(d.roll(len(sentences)+1), 2)], " ")
}

// words are the vocabularies by rating.
func words() map[int32]vocabulary {
	return map[int32]vocabulary{
		5: {
			openings: []string{
				"Exactly what I was looking for.", "Could not be happier.", "Worth every cent.", "I use it every single day.",
				"Better than the pictures.", "A little masterpiece.", "Bought it on a whim, now I can't imagine being without it.",
				"My third one, the others went to friends.", "Finally one that does what it says.", "Beautifully made.",
			},
			details: []string{
				"You can feel that someone thought about every detail.", "The quality is far above the price.",
				"Arrived in two days, packed without any plastic.",
				"Even my mother-in-law asked where I got it.", "After half a year it still looks new.", "Replaced one that cost twice as much.",
				"Setting it up took about a minute.", "The colours are even nicer in daylight.", "It survived our move and two children.",
				"Support answered my question within an hour.",
			},
			endings: []string{
				"Five stars, no question.", "Would buy it again tomorrow.", "Highly recommended.", "I wish I had found it years ago.",
				"Already on the list for Christmas presents.", "Keep making these!", "Simply lovely.",
			},
		},
		4: {
			openings: []string{
				"Really good, with one small but.", "Does its job very well.", "Solid and good to look at.", "Nearly perfect.",
				"Very happy so far.", "Good quality for the money.", "A nice surprise.", "Does what it promises.",
			},
			details: []string{
				"A little heavier than I expected.", "The manual could be clearer.", "I would have liked more colours.",
				"Delivery took a day longer than announced.", "It took me a week to get used to it.",
				"The finish on the back is not as good as on the front.",
				"The box was dented, what was in it was fine.", "A size larger would be great.",
			},
			endings: []string{
				"Still: recommended.", "I would buy it again.", "No regrets.", "The last star goes to the next version.",
				"All in all a good buy.", "My partner has taken it over by now.",
			},
		},
		3: {
			openings: []string{
				"It's all right.", "Neither good nor bad.", "Fine, but nothing special.", "I expected a bit more.", "Does the job, more or less.",
				"Good idea, average execution.",
			},
			details: []string{
				"Smaller than it looks in the pictures.", "Smells a bit when it is new.", "For the price there are others.",
				"After a month the first scratches show.", "You get what you pay for.", "The old version was sturdier.",
			},
			endings: []string{
				"Will do for now.", "I am keeping it, but only just.", "Perhaps my expectations were too high.", "Not sure I'd buy it again.",
			},
		},
		2: {
			openings: []string{"Disappointing.", "Looks better than it is.", "Not what I had hoped for.", "Sadly not for me."},
			details: []string{
				"It wobbled from the first day.", "One part was missing and it took two weeks to arrive.", "The material feels cheap.",
				"Nothing like the photo.", "Too loud for its size.",
			},
			endings: []string{"Two stars for the friendly service.", "It is back in its box.", "I will look for something else.", "A pity."},
		},
		1: {
			openings: []string{"Broke after a week.", "Don't.", "Sent it back the same day.", "A waste of money."},
			details: []string{
				"It arrived damaged, and so did the replacement.", "Not even the packaging held.", "I have never seen a seam like that.",
			},
			endings: []string{"One star because zero is not possible.", "Never again.", "I want my Saturday back."},
		},
	}
}
