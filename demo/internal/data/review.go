package data

import (
	"slices"
	"time"
)

// reviews makes up to twenty reviews of as many users for every product, but for every
// fiftieth product none at all.
func reviews(d *Data) []Review {
	words := words()
	var all []Review
	for i, p := range d.Products {
		if (i+1)%50 == 0 {
			continue
		}
		dice := newDice("review", i)
		count, mood, author := 1+dice.roll(20), pick(dice, moods()), dice.roll(len(d.Users))
		for range count {
			rating := pick(dice, mood)
			all = append(all, Review{
				ProductID: p.ID,
				AuthorID:  d.Users[author].ID,
				Rating:    rating,
				Body:      words[rating].body(dice),
				CreatedAt: d.Now.Add(-time.Duration(1+dice.roll(300*24*60)) * time.Minute),
			})
			// 7 and 50 have no common divisor: nobody reviews a product twice.
			author = (author + 7) % len(d.Users)
		}
	}
	slices.SortStableFunc(all, func(a, b Review) int { return a.CreatedAt.Compare(b.CreatedAt) })
	for i := range all {
		all[i].ID = id("r", i)
	}
	return all
}

// moods are what the ratings of one product look like: most are loved, some
// are liked, a few divide.
func moods() [][]int32 {
	return [][]int32{
		{5, 5, 5, 5, 4, 5, 4, 5, 4, 3},
		{5, 5, 5, 4, 4, 5, 4, 4, 5, 2},
		{5, 4, 4, 5, 3, 4, 5, 2, 4, 5},
		{5, 4, 4, 3, 3, 4, 5, 3, 4, 4},
		{3, 4, 2, 5, 1, 3, 4, 2, 5, 3},
	}
}
