#!/bin/sh
# An operator in one loop: for each Site a Deployment of its own, which goes with it. It needs kubectl and nothing else.
kubectl get sites --all-namespaces --watch --output=jsonpath='{.metadata.namespace} {.metadata.name} {.metadata.uid} {.spec.replicas} {.spec.image} {.status.phase}{"\n"}' |
while read -r namespace name uid replicas image phase; do
    kubectl apply --namespace="$namespace" --filename=- <<EOF || continue
apiVersion: apps/v1
kind: Deployment
metadata:
  name: $name
  labels: {demo: $name}
  ownerReferences: [{apiVersion: demo.podo.dev/v1, kind: Site, name: $name, uid: $uid, controller: true}]
spec:
  replicas: $replicas
  selector: {matchLabels: {site: $name}}
  template:
    metadata: {labels: {site: $name}}
    spec:
      containers: [{name: site, image: "$image"}]
EOF
    [ "$phase" = Deployed ] ||
        kubectl patch site "$name" --namespace="$namespace" --subresource=status --type=merge --patch='{"status":{"phase":"Deployed"}}'
done
