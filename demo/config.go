package demo

// The names of the services, and of what controls them.
const (
	Control   = "control"
	Catalog   = "catalog"
	Accounts  = "accounts"
	Orders    = "orders"
	Shipping  = "shipping"
	Reviews   = "reviews"
	Inventory = "inventory"
)

// Names lists all services as people like to see them: the control first.
func Names() []string {
	return []string{Control, Catalog, Accounts, Orders, Shipping, Reviews, Inventory}
}

// Config says where the services listen: TCP addresses "host:port", where port
// 0 is any free one. All are needed.
type Config struct {
	Control   string
	Catalog   string
	Accounts  string
	Orders    string
	Shipping  string
	Reviews   string
	Inventory string
}

// DefaultConfig has the addresses that the gateway's portico.yaml expects.
func DefaultConfig() Config {
	return Config{
		Control:   "127.0.0.1:7000",
		Catalog:   "127.0.0.1:7001",
		Accounts:  "127.0.0.1:7002",
		Orders:    "127.0.0.1:7003",
		Shipping:  "127.0.0.1:7004",
		Reviews:   "127.0.0.1:7005",
		Inventory: "127.0.0.1:7006",
	}
}

// FreeConfig has a free port of 127.0.0.1 for every service, so that any number
// of demos run side by side. [Demo.Addr] returns them.
func FreeConfig() Config {
	const free = "127.0.0.1:0"
	return Config{
		Control: free, Catalog: free, Accounts: free, Orders: free, Shipping: free, Reviews: free, Inventory: free,
	}
}

func (c Config) addresses() map[string]string {
	return map[string]string{
		Control:   c.Control,
		Catalog:   c.Catalog,
		Accounts:  c.Accounts,
		Orders:    c.Orders,
		Shipping:  c.Shipping,
		Reviews:   c.Reviews,
		Inventory: c.Inventory,
	}
}
