package data

func categories(shelves []shelf) []Category {
	all := make([]Category, len(shelves))
	for i, s := range shelves {
		all[i] = Category{ID: id("c", i), Name: s.name}
	}
	return all
}

// products takes one article of each shelf in turn until all shelves are empty.
func products(shelves []shelf) []Product {
	var all []Product
	for row := 0; ; row++ {
		before := len(all)
		for i, s := range shelves {
			if row < len(s.articles) {
				all = append(all, product(len(all), id("c", i), s.articles[row]))
			}
		}
		if len(all) == before {
			return all
		}
	}
}

func product(n int, categoryID string, a article) Product {
	return Product{
		ID:           id("p", n),
		Name:         a.name,
		Description:  a.description,
		PriceCents:   a.cents,
		Currency:     Currency,
		CategoryID:   categoryID,
		ThumbnailURL: "https://cdn.example.com/products/" + id("p", n) + "/200.webp",
	}
}

// stock puts a few pieces of every product in stock. Two are fixed, for examples and
// tests: p1 has plenty and p13 is sold out.
func stock(products []Product) map[string]int32 {
	all := make(map[string]int32, len(products))
	for i, p := range products {
		all[p.ID] = int32(1 + newDice("stock", i).roll(60))
	}
	all["p1"] = 100
	all["p13"] = 0
	return all
}
