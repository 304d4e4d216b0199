package main

import (
	"github.com/spf13/cobra"

	"parallax/internal/app"
)

// reportChain writes one row for each payment over key, ledger, receipt and settlement.
func (c *cli) reportChain() *cobra.Command {
	var r app.ChainReport
	var from, to string
	cmd := &cobra.Command{
		Use:   "chain",
		Short: "One row for each payment: idempotency key, ledger, receipt, settlement, and where the chain breaks",
		Long: `One row for each payment that any layer knows: its idempotency key, its row in the ledger in force, its receipt, its line in a
settlement file, each present, absent, lost (a witness still has it), expected, unneeded or unknown (not read), and the
first link that is missing; then the sums by region and broken link.

It reads the layers anew and needs no earlier run of the chain job, but the archive that capture writes. With --stored it
shows what the runs have kept instead: payments whose chain is or was broken.
Without --from and --to the window is the one that the chain job would look at.

Exit codes: 0 every chain is whole, 1 some are broken, 3 something was not read; 2 if nothing could be said.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if r.Format == "" && (r.Out == "" || cmd.Flags().Changed("output")) {
				r.Format = c.output
			}
			r.Terminal = isTerminal(c.stdout)
			req, err := c.request("chain", from, to)
			if err != nil {
				return err
			}
			r.Request = req
			if err := r.Check(); err != nil {
				return err
			}
			return c.withApp(cmd.Context(), func(a *app.App) error {
				verdict, err := a.ReportChain(cmd.Context(), c.stdout, c.stderr, r)
				if err != nil {
					return err
				}
				return verdictCode(string(verdict))
			})
		},
	}
	c.addAsOf(cmd)
	flags := cmd.Flags()
	flags.StringVar(&from, "from", "", "start of the window, RFC 3339 or a date (inclusive)")
	flags.StringVar(&to, "to", "", "end of the window (exclusive)")
	flags.StringVar(&r.Format, "format", "", "table, csv, json, ndjson or xlsx (default: by the ending of --out, else --output)")
	flags.StringVar(&r.Out, "out", "", "file to write to (default: standard output)")
	flags.BoolVar(&r.Broken, "broken", false, "show only payments whose chain is broken; the sums are of all")
	flags.BoolVar(&r.Stored, "stored", false, "show what earlier runs have kept instead of reading the layers anew")
	return cmd
}
