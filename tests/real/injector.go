// Injects the agent into the pod on stdin with the webhook's own code, and prints the pod as the cluster would run it.
package main

import (
	"fmt"
	"io"
	"os"

	jsonpatch "github.com/evanphx/json-patch"
	"github.com/hashicorp/go-hclog"
	inject "github.com/hashicorp/vault-k8s/agent-inject"
	admission "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

func main() {
	pod, err := io.ReadAll(os.Stdin)
	fail(err)
	// An installation that knows nothing of ours: what a pod needs must stand in its annotations.
	handler := inject.Handler{
		Log:                hclog.NewNullLogger(),
		RequireAnnotation:  true,
		VaultAddress:       "https://elsewhere.invalid:8200",
		VaultAuthType:      "approle",
		VaultAuthPath:      "auth/elsewhere",
		ImageVault:         "hashicorp/vault",
		DefaultTemplate:    "map",
		ExitOnRetryFailure: true,
		ResourceRequestCPU: "250m",
		ResourceRequestMem: "64Mi",
		ResourceLimitCPU:   "500m",
		ResourceLimitMem:   "128Mi",
	}
	answer := handler.Mutate(&admission.AdmissionRequest{
		UID:       "0",
		Namespace: os.Args[1],
		Object:    runtime.RawExtension{Raw: pod},
	})
	if !answer.Resp.Allowed {
		fail(fmt.Errorf("refused: %s", answer.Resp.Result.Message))
	}
	if answer.Resp.Patch != nil {
		patch, err := jsonpatch.DecodePatch(answer.Resp.Patch)
		fail(err)
		pod, err = patch.Apply(pod)
		fail(err)
	}
	_, err = os.Stdout.Write(pod)
	fail(err)
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
