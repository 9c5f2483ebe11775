// Package redis tells how gateways talk to Redis.
package redis

import (
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// Options reads URLs: redis:// or rediss://, with user, password and database;
// several of them with commas between are nodes of one cluster. Its error has
// none of them: they have passwords.
//
// A request does not wait for a second try, and there is one connection, so
// that a probe tells of the one that requests use.
func Options(urls string) (rueidis.ClientOption, error) {
	var options rueidis.ClientOption
	for i, text := range strings.Split(urls, ",") {
		one, err := rueidis.ParseURL(strings.TrimSpace(text))
		if err != nil {
			return options, fmt.Errorf("redis.url: address %d is not one such as redis://host:6379", i+1)
		}
		if i == 0 {
			options = one
			continue
		}
		options.InitAddress = append(options.InitAddress, one.InitAddress...)
	}
	options.DisableRetry = true
	options.PipelineMultiplex = -1
	options.ConnWriteTimeout = 2 * time.Second
	options.Dialer = net.Dialer{Timeout: time.Second}
	return options, nil
}
