// Command parallax proves, after the fact, what two live regions and the card networks agree on, and names every
// payment they don't.
package main

import (
	"context"
	"os"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
