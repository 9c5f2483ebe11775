package data

import "strings"

func users() []User {
	names := names()
	all := make([]User, len(names))
	for i, name := range names {
		all[i] = User{
			ID:          id("u", i),
			DisplayName: name,
			Email:       mailbox(name) + "@example.com",
			AvatarURL:   "https://cdn.example.com/avatars/" + id("u", i) + ".webp",
		}
	}
	return all
}

// mailbox makes "joerg.weiss" of "Jörg Weiß".
func mailbox(name string) string {
	ascii := strings.NewReplacer(
		"ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "é", "e", "è", "e", "á", "a", "í", "i", "ó", "o", "ú", "u",
		"ã", "a", "ç", "c", "ñ", "n", "ø", "o", "å", "a", "ł", "l", "ń", "n", "ë", "e", "ı", "i",
		"'", "", " ", ".",
	)
	return ascii.Replace(strings.ToLower(name))
}

func names() []string {
	return []string{
		"Mara Lindqvist", "Jonas Weber", "Aiko Tanaka", "Tomás Oliveira", "Priya Raman",
		"Élodie Martin", "Samuel Okafor", "Nina Kowalska", "Lars Østby", "Fatima El Amrani",
		"Ben Carter", "Giulia Romano", "Mateusz Zieliński", "Hannah Schäfer", "Diego Fuentes",
		"Yuki Mori", "Claire Dubois", "Omar Haddad", "Sofia Papadaki", "Liam O'Connor",
		"Ana Ferreira", "Viktor Novák", "Leila Rahimi", "Emil Sørensen", "Grace Mwangi",
		"Jörg Weiß", "Camila Rojas", "Arjun Mehta", "Ingrid Håkansson", "Paul Girard",
		"Zoë Jansen", "Kwame Mensah", "Marta Nowak", "Daniel Kim", "Lucía Navarro",
		"Tim Becker", "Noor Bakker", "Rosa Conti", "Felix Brandt", "Mei Lin",
		"Isak Berg", "Hélène Rousseau", "Tariq Aziz", "Katarina Horvat", "Jack Morgan",
		"Beatriz Gonçalves", "Antti Virtanen", "Selin Yılmaz", "Oskar Lund", "Eva Müller",
	}
}
