"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("api/v1/", include("workforce.api.urls")),
    path("api/v1/", include("qualification.api.urls")),
    path("api/v1/", include("payments.api.urls")),
    path("api/v1/", include("tasks.api.urls")),
]

handler404 = "config.api.page_not_found"
handler500 = "config.api.server_error"
